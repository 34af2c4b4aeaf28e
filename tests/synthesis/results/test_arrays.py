from stromata import synthesis as st
from synthesis.results.answers import V, Y, answer


def test_one_study_is_its_own_result():
    text = st.results_text(st.pool_estimates([0.5], [0.04]))
    assert "The study's own estimate was 0.500" in text
    assert "prediction" not in text


def test_two_studies_are_not_overread():
    text = st.results_text(st.pool_estimates([0.5, 0.9], [0.04, 0.04]))
    assert "can hardly be estimated" in text
    assert "prediction" not in text


def test_the_level_is_the_one_that_was_asked_for():
    assert "90\u00a0%\u00a0CI" in st.results_text(st.pool_estimates(Y, V, level=0.9))


def test_r_gets_the_same_estimator_and_test():
    call = st.r_call(st.pool_estimates(Y, V, method="sj", test="knha"))
    assert 'rma(yi, vi, data=dat, method="SJ", test="knha")' in call
    assert 'method="EE"' in st.r_call(st.pool_estimates(Y, V, method="ee"))


def test_sets_are_counted():
    result = st.pool_many([1, 2, 3, None], [0.1, 0.1, 0.1, 0.1], ["a", "a", "b", "c"])
    text = st.results_text(result)
    assert "Of 3 sets, 1 had" in text
    assert "1 had one study" in text
    assert "1 had no usable study" in text
    assert "1 study could not be used" in text


def test_a_row_per_set():
    table = st.to_table(answer("pool_many"))
    assert [row[0] for row in table.rows] == ["a", "b"]
    assert table.rows[0][table.headers.index("estimate")] == answer("pool_many").estimate[0]


def test_a_single_set_is_one_set():
    found = st.pool_many([0.1, 0.4, 0.3], [0.1, 0.2, 0.1], ["a", "a", "a"])
    assert "One set of studies was pooled." in st.methods_text(found)
    assert "Of 1 set, 1 had several studies and was pooled." in st.results_text(found)
