"""Figures for papers: each function turns a frozen result into the bytes of an SVG, PDF or PNG file.

Every figure has a text equivalent, ``describe_...``, for people who cannot see it. Names are loaded when they are first
used: matplotlib, which draws, takes a second to load, and nothing else in stromata needs it.
"""

from typing import TYPE_CHECKING

from stromata import lazy

if TYPE_CHECKING:
    from stromata.reporting.figures.curves import describe_drapery, describe_posterior, drapery, posterior
    from stromata.reporting.figures.forests import describe_forest, forest
    from stromata.reporting.figures.funnels import describe_funnel, describe_radial, funnel, radial
    from stromata.reporting.figures.influences import (
        baujat,
        describe_baujat,
        describe_gosh,
        describe_influence,
        gosh,
        influence_panel,
    )
    from stromata.reporting.figures.networks import (
        comparison_funnel,
        describe_comparison_funnel,
        describe_network_graph,
        describe_rankogram,
        network_graph,
        rankogram,
    )
    from stromata.reporting.figures.refits import (
        cumulative,
        describe_cumulative,
        describe_leave_one_out,
        leave_one_out,
    )
    from stromata.reporting.figures.responses import describe_dose_curve, describe_sroc, dose_curve, sroc
    from stromata.reporting.figures.scatter import bubble, describe_bubble, describe_labbe, labbe
    from stromata.reporting.figures.sequential import describe_trial_sequential, trial_sequential

_PUBLIC = {
    "baujat": "influences",
    "bubble": "scatter",
    "comparison_funnel": "networks",
    "cumulative": "refits",
    "describe_baujat": "influences",
    "describe_bubble": "scatter",
    "describe_comparison_funnel": "networks",
    "describe_cumulative": "refits",
    "describe_dose_curve": "responses",
    "describe_drapery": "curves",
    "describe_forest": "forests",
    "describe_funnel": "funnels",
    "describe_gosh": "influences",
    "describe_influence": "influences",
    "describe_labbe": "scatter",
    "describe_leave_one_out": "refits",
    "describe_network_graph": "networks",
    "describe_posterior": "curves",
    "describe_radial": "funnels",
    "describe_rankogram": "networks",
    "describe_sroc": "responses",
    "describe_trial_sequential": "sequential",
    "dose_curve": "responses",
    "drapery": "curves",
    "forest": "forests",
    "funnel": "funnels",
    "gosh": "influences",
    "influence_panel": "influences",
    "labbe": "scatter",
    "leave_one_out": "refits",
    "network_graph": "networks",
    "posterior": "curves",
    "radial": "funnels",
    "rankogram": "networks",
    "sroc": "responses",
    "trial_sequential": "sequential",
}
"""Public names and the modules they live in."""

__all__ = [
    "baujat",
    "bubble",
    "comparison_funnel",
    "cumulative",
    "describe_baujat",
    "describe_bubble",
    "describe_comparison_funnel",
    "describe_cumulative",
    "describe_dose_curve",
    "describe_drapery",
    "describe_forest",
    "describe_funnel",
    "describe_gosh",
    "describe_influence",
    "describe_labbe",
    "describe_leave_one_out",
    "describe_network_graph",
    "describe_posterior",
    "describe_radial",
    "describe_rankogram",
    "describe_sroc",
    "describe_trial_sequential",
    "dose_curve",
    "drapery",
    "forest",
    "funnel",
    "gosh",
    "influence_panel",
    "labbe",
    "leave_one_out",
    "network_graph",
    "posterior",
    "radial",
    "rankogram",
    "sroc",
    "trial_sequential",
]

__getattr__, __dir__ = lazy.names(__name__, _PUBLIC, __all__)
