"""The support vector machine."""

import numpy as np
import pytest
from scipy import optimize, sparse

from stromata.screening import solver
from stromata.screening.solver import Machine


def problem(n=60, terms=30, seed=1):
    rng = np.random.default_rng(seed)
    dense = rng.random((n, terms)) * (rng.random((n, terms)) < 0.3)
    dense[:, 0] += 0.1
    dense /= np.linalg.norm(dense, axis=1, keepdims=True)
    rows = sparse.csr_array(dense.astype(np.float32))
    points = rng.permutation(n)[: n // 2]
    y = np.where(rng.random(len(points)) < 0.25, 1.0, -1.0)
    cost = np.where(y > 0, 2.0, 0.3)
    prior = rng.normal(size=n) * 0.2
    return rows, dense, points, y, cost, prior


def optimum(dense, points, y, cost, prior):
    """Minimise the primal directly, the constant being one more weight."""
    X = np.column_stack([dense[points], np.ones(len(points))])

    def value(w):
        lack = np.maximum(0, 1 - y * (prior[points] + X @ w))
        return w @ w / 2 + cost @ lack**2, w - 2 * X.T @ (cost * lack * y)

    found = optimize.minimize(
        value, np.zeros(X.shape[1]), jac=True, method="L-BFGS-B", options={"ftol": 1e-15, "gtol": 1e-9, "maxiter": 5000}
    )
    return prior + np.column_stack([dense, np.ones(len(dense))]) @ found.x


@pytest.fixture(params=["wide", "narrow"])
def width(request, monkeypatch):
    if request.param == "narrow":
        monkeypatch.setattr(solver, "_WIDE_BYTES", 0)
    return request.param


@pytest.mark.parametrize("seed", range(3))
def test_solve_finds_what_a_general_search_finds(width, seed):
    rows, dense, points, y, cost, prior = problem(seed=seed)
    machine = Machine(rows)
    machine.solve(points, y, cost, prior)
    assert machine.scores() == pytest.approx(optimum(dense, points, y, cost, prior), abs=1e-4)


def test_lengths_that_rows_do_not_show_make_a_point_less_like_all_others(width):
    rows, dense, points, y, cost, prior = problem()
    longer = np.full(len(dense), 1.25)
    machine = Machine(rows, longer)
    machine.solve(points, y, cost, prior)
    # A term of its own for each point says the same.
    full = np.column_stack([dense, 0.5 * np.eye(len(dense))])
    right = optimum(full, points, y, cost, prior)
    unread = np.setdiff1d(np.arange(len(dense)), points)
    assert machine.scores()[unread] == pytest.approx(right[unread], abs=1e-4)


def test_steps_stay_near_the_optimum(width):
    rows, dense, points, y, cost, prior = problem(n=200, terms=400)
    cost = np.where(y > 0, 1.0, 0.02)  # as it is among texts: many terms, and irrelevant references that cost little
    machine = Machine(rows)
    machine.solve(points[:5], y[:5], cost[:5], prior)
    for count in range(6, len(points) + 1):
        machine.step(points[:count], y[:count], cost[:count], prior)
    right = optimum(dense, points, y, cost, prior)
    assert np.corrcoef(machine.scores(), right)[0, 1] > 0.999
    unread = np.setdiff1d(np.arange(200), points)
    assert np.ptp((machine.scores() - right)[unread]) < 0.05  # a constant that all have in common orders nothing


def test_solving_forgets_the_way_there(width):
    rows, _, points, y, cost, prior = problem()
    one, other = Machine(rows), Machine(rows)
    one.solve(points[:9], y[:9], cost[:9], prior)
    one.step(points[:12], y[:12], cost[:12], prior)
    one.solve(points, y, cost, prior)
    other.solve(points, y, cost, prior)
    assert one.scores() == pytest.approx(other.scores(), abs=1e-6)


def test_wide_and_narrow_agree(monkeypatch):
    rows, _, points, y, cost, prior = problem()
    wide = Machine(rows)
    monkeypatch.setattr(solver, "_WIDE_BYTES", 0)
    narrow = Machine(rows)
    for machine in (wide, narrow):
        machine.solve(points[:20], y[:20], cost[:20], prior)
        machine.step(points, y, cost, prior)
    assert wide.weights() == pytest.approx(narrow.weights(), abs=1e-5)
    assert wide.scores() == pytest.approx(narrow.scores(), abs=1e-5)


def test_scores_are_the_prior_the_learnt_weights_and_a_constant(width):
    rows, dense, points, y, cost, prior = problem()
    machine = Machine(rows)
    machine.solve(points, y, cost, prior)
    rest = machine.scores() - prior - dense @ machine.weights()
    assert np.ptp(rest) < 1e-5


def test_a_copy_learns_on_its_own(width):
    rows, _, points, y, cost, prior = problem()
    machine = Machine(rows)
    machine.solve(points[:9], y[:9], cost[:9], prior)
    before = machine.scores()
    other = machine.copy()
    other.step(points, y, cost, prior)
    assert (machine.scores() == before).all()
    machine.step(points[:10], y[:10], cost[:10], prior)
    fresh = Machine(rows)
    fresh.solve(points[:9], y[:9], cost[:9], prior)
    fresh.step(points[:10], y[:10], cost[:10], prior)
    assert machine.scores() == pytest.approx(fresh.scores(), abs=1e-6)


@pytest.mark.parametrize("sign", [1.0, -1.0])
def test_verdicts_of_one_kind_are_learnt(width, sign):
    rows, dense, points, _, _, _ = problem()
    machine = Machine(rows)
    few = points[:3]
    machine.solve(few, np.full(3, sign), np.full(3, 0.1), np.zeros(len(dense)))
    near = dense @ dense[few].sum(axis=0)
    assert np.corrcoef(sign * near, machine.scores())[0, 1] > 0.95


def test_no_verdicts_leave_the_prior(width):
    rows, _, _, _, _, prior = problem()
    machine = Machine(rows)
    machine.solve(np.zeros(0, dtype=np.int64), np.zeros(0), np.zeros(0), prior)
    assert machine.scores() == pytest.approx(prior)


def test_points_without_terms_do_no_harm(width):
    empty = sparse.csr_array((60, 30), dtype=np.float32)
    machine = Machine(empty)
    machine.solve(np.array([0, 1]), np.array([1.0, -1.0]), np.array([0.1, 0.1]), np.zeros(60))
    machine.step(np.array([0, 1, 2]), np.array([1.0, -1.0, -1.0]), np.full(3, 0.1), np.zeros(60))
    assert np.ptp(machine.scores()) == pytest.approx(0, abs=1e-6)
