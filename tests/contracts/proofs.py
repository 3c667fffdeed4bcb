"""Which test proves what: each claim about a score's definition, and each defect of published code that ours must lack.

After such a test has passed it runs again while all that its module took from `core` answers wrongly: a test that
passes then, too, proves nothing, and fails. Paths are below tests/.
"""

from __future__ import annotations

from collections.abc import Generator
from pathlib import Path

import pytest

TESTS = Path(__file__).resolve().parents[1]

PROVEN = {
    # Difficulty
    "EL2N of exact, uniform and confidently wrong predictions": ("difficulty", "el2n_of_known_predictions"),
    "EL2N is the norm of the loss's gradient by the logits": ("difficulty", "residual_is_the_gradient_of_the_loss"),
    "the mean over seeds is that of each seed": ("difficulty", "el2n_is_the_mean_over_seeds_of_each_seed"),
    "EL2N of one epoch and summed over epochs are two scores": ("gradients_and_doubt", "el2n_sum_is_the_sum"),
    "GraNd of the last layer in closed form": ("difficulty", "last_layer_gradient_is_el2n_times"),
    "GraNd over all parameters equals vmap(grad)": ("numerics/per_example", "built_in_networks_equal_vmap_grad"),
    "finite differences; doubled loss, doubled norm": ("numerics/per_example", "doubling_the_loss_doubles_the_norm"),
    "GraNd is never read before training": ("difficulty", "grand_is_the_mean_of_the_kept_norms_and_never"),
    "two classes: the margin is plus or minus z": ("difficulty", "two_class_margins"),
    "entropy of a uniform prediction is log C": ("difficulty", "entropy_of_a_uniform_prediction"),
    "a constant added to all logits changes nothing": ("difficulty", "a_constant_added_to_all_logits"),
    "VoG of a linear network in closed form": ("vog", "of_a_linear_network_it_is_the_spread"),
    "VoG of constant checkpoints is 0": ("training/training_parts", "constant_checkpoints_have_no_spread"),
    "VoG averages channels before the spread": ("vog", "channels_are_averaged_before_the_spread"),
    "VoG normalizes small classes over all rows": ("vog", "fewer_than_five_rows_are_no_class"),
    "gradient of the predicted label: least over labels": ("gradients_and_doubt", "gradient_of_the_predicted_label_is"),
    # Dynamics
    "forgetting of hand-made sequences": ("dynamics", "forgetting_of_hand_made_sequences"),
    "forgetting streams to the batch formula": ("dynamics", "forgetting_streams_to_the_batch_formula"),
    "AUM of one epoch, constant and shifted logits": ("dynamics", "aum_of_one_epoch"),
    "AUM is a two-line loop": ("dynamics", "aum_is_a_two_line_loop"),
    "threshold samples: recall .9 at precision .8": ("dynamics", "threshold_samples_find_flipped_labels"),
    "cartography of known sequences": ("dynamics", "cartography_of_a_known_sequence"),
    "variability is bounded, 0 for one epoch": ("dynamics", "variability_is_bounded_and_zero"),
    "DUAL is a double loop": ("recorded_windows", "dual_is_a_double_loop"),
    "DUAL, dynamic uncertainty: three epochs by hand": ("recorded_windows", "three_epochs_by_hand"),
    "dynamic uncertainty is a double loop": ("recorded_windows", "dynamic_uncertainty_is_a_double_loop"),
    "a window of all epochs is the plain spread": ("recorded_windows", "a_window_of_all_epochs_is"),
    "TDDS is a double loop": ("recorded_windows", "tdds_is_a_double_loop"),
    "loss reduction of an exact decay": ("recorded_windows", "loss_reduction_of_an_exact_decay"),
    "loss reduction is numpy's line": ("recorded_windows", "loss_reduction_is_numpys_line"),
    "averaged margin averages before it compares": ("recorded_windows", "averaged_margin_averages_before"),
    # Influence
    "leave-one-out of ridge is refitting": ("semivalues", "leave_one_out_is_refitting"),
    "leave-one-out of nearest neighbors is refitting": ("leave_one_out", "the_next_neighbor_steps_in"),
    "leave-one-out of class means is refitting": ("leave_one_out", "one_class_mean_moves"),
    "retraining is paired, and its noise floor told": ("leave_one_out", "every_classifier_can_be_asked_for"),
    "influence predicts retraining, slope and correlation": ("influence", "predicts_exact_retraining"),
    "solvers agree at the same effective damping": ("influence_solvers", "equal_the_dense_inverse"),
    "EK-FAC is exact where its assumption holds": ("influence_solvers", "ekfac_is_exact_when"),
    "a flipped copy of a target is harmful": ("influence", "flipped_copy_of_a_target_is_harmful"),
    "TracIn is the first-order fall of the loss": ("tracin_trak", "one_step_on_a_row_lowers_the_loss"),
    "TracIn is N times influence with H = I": ("tracin_trak", "equals_n_times_influence_with_the_identity"),
    "TRAK without projection is a Newton step": ("tracin_trak", "without_projection_it_is_the_newton_step"),
    "projections keep inner products": ("tracin_trak", "projection_keeps_inner_products"),
    "outlier gradient: planted far gradients": ("gradients_and_doubt", "planted_far_gradients_are_found"),
    "outlier gradient: the forest is scikit-learn's": ("gradients_and_doubt", "the_forest_is_scikit_learns"),
    "outlier gradient: follows its rows": ("gradients_and_doubt", "forest_scores_follow_their_rows"),
    "outlier gradient: plain lengths beside it": ("gradients_and_doubt", "every_detector_stands_beside_the_plain"),
    "memorization equals all subsets of a 1-NN": ("memorization", "equals_the_enumeration_of_all_subsets"),
    "copies are not memorized, a lone label is": ("memorization", "copies_are_not_memorized"),
    "GradNorm equals autograd": ("gradients_and_doubt", "gradnorm_is_the_gradient_of_the_divergence"),
    "GradNorm of uniform logits, and of a scaled layer": ("gradients_and_doubt", "gradnorm_of_uniform_logits_is_zero"),
    # Valuation
    "Shapley: enumeration and efficiency": ("semivalues", "shapley_is_the_enumeration"),
    "Shapley: dummy, symmetry, linearity": ("semivalues", "dummy_symmetry_linearity"),
    "Banzhaf by reuse of samples is unbiased": ("semivalues", "banzhaf_is_the_enumeration"),
    "Beta(1, 1) is Shapley; weights by the table": ("semivalues", "beta_is_the_enumeration"),
    "the weights of Beta are tested, not its name": ("semivalues", "beta_weights"),
    "truncation is told": ("semivalues", "truncation_is_told"),
    "Gradient Shapley is a slow loop": ("gradient_shapley", "every_step_is_the_slow_loops"),
    "Gradient Shapley: gains sum to what training gained": ("gradient_shapley", "gains_of_an_order_sum"),
    "KNN-Shapley is the enumeration": ("valuation", "equals_enumeration_of_all_coalitions"),
    "identical points are worth the same": ("valuation", "identical_points_are_worth_the_same"),
    "inputs permuted, outputs permuted": ("valuation", "order_of_rows_is_carried_through"),
    "retrieval importance at any inclusion": ("retrieval", "importance_equals_enumeration_at_any_inclusion"),
    "gradient at one half is Banzhaf": ("retrieval", "importance_at_one_half_is_banzhaf"),
    "integral of the gradient is Shapley": ("retrieval", "importance_integrated_over_inclusion_is_shapley"),
    "an allowed error is kept": ("retrieval", "an_allowed_error_samples_targets"),
    # Density
    "points at centers are at 0": ("density", "points_at_the_centers_are_at_zero"),
    "prototypes ignore rotation": ("density", "prototype_distance_ignores_rotation"),
    "keep hard or easy: the perceptron's crossover": ("density", "keeping_the_hard_pays_when_rows_are_many"),
    "kNN distance is scikit-learn's": ("density", "knn_distance_is_scikit_learns"),
    "LOF is scikit-learn's": ("local_density", "lof_is_scikit_learns"),
    "Mahalanobis is scikit-learn's": ("local_density", "mahalanobis_is_scikit_learns"),
    "published equity weights at their ends": ("local_density", "published_loss_weights_at_their_ends"),
    "kNN agreement is scikit-learn's vote": ("local_density", "agreement_is_scikit_learns_vote"),
    # Label quality
    "three scores equal cleanlab": ("label_quality", "equals_cleanlab"),
    "adjusted scores equal cleanlab": ("label_quality", "adjusted_for_thresholds_equals_cleanlab"),
    "the joint before and after calibration": ("label_quality", "joint_before_and_after_calibration"),
    "every filter flags as cleanlab": ("label_quality", "flags_are_cleanlabs"),
    "a perfect classifier flags nothing": ("label_quality", "a_perfect_classifier_flags_nothing"),
    "planted flips come last": ("label_quality", "planted_flips_are_lowest"),
    # Texts
    "DSIR: same corpus, weights 0": ("texts", "the_same_corpus_on_both_sides"),
    "DSIR: two words in closed form": ("texts", "two_words_in_closed_form"),
    "DSIR: Gumbel draws by the weights": ("texts", "gumbel_noise_draws_in_proportion"),
    "DSIR: published hashing": ("texts", "buckets_are_the_published_hashing"),
    "feature density: all unique, and twice the corpus": ("texts", "all_unique_words_have_density_one"),
    "ReAGent: antisymmetric update, finite at the ends": ("attributions/reagent", "the_update_is_antisymmetric"),
}

ABSENT = {
    "never-learned rows count 0 events": ("dynamics", "forgetting_of_hand_made_sequences"),
    "least confidence from raw logits": ("gradients_and_doubt", "least_confidence_reads_probabilities_not_raw"),
    "LiSSA's damping scaled without saying": ("influence_solvers", "published_damping_of_lissa_is_scaled"),
    "DataInf's LiSSA subtracts the damping": ("influence_solvers", "equal_the_dense_inverse"),
    "influence without a Hessian": ("influence", "predicts_exact_retraining"),
    "TRAK's scores in no unit": ("tracin_trak", "without_projection_it_is_the_newton_step"),
    "the moderate band's complement is kept": ("selection/selection_strategies", "moderate_keeps_the_middle"),
    "class-balanced budgets by the last class's size": ("selection/selection_strategies", "class_balanced_shares"),
    "strata shrink when all values are negative": ("selection/selection_strategies", "strata_include_both_ends"),
    "contributions truncated to whole numbers": ("retrieval", "contributions_need_not_be_whole"),
    "the set of row 0 alone taken for the empty set": ("semivalues", "the_empty_set_and_single_rows"),
    "KNN-Shapley started at m / N when N < K": ("valuation", "equals_enumeration_of_all_coalitions"),
    "VoG: gradients pile up over checkpoints": ("vog", "the_same_checkpoint_again_adds_nothing"),
    "VoG: the probability is differentiated": ("vog", "a_saturated_prediction_still_has_its_gradient"),
    "TDDS: the window never moves, no softmax": ("recorded_windows", "tdds_is_a_double_loop"),
    "label quality by the docstring, not the code": ("label_quality", "formulas_by_hand"),
}
# Proved by what the code is seen to do, or fills step by step, not by what a function answers; and one that holds for
# the literature, whatever the code does.
WATCHED = {
    "the set of row 0 alone taken for the empty set",
    "VoG averages channels before the spread",
    "VoG: gradients pile up over checkpoints",
    "VoG: the probability is differentiated",
    "keep hard or easy: the perceptron's crossover",
}
_TRIED: set[str] = set()


def place_of(place: str) -> Path:
    """The file of tests that a row of the tables names."""
    folder, _, name = place.rpartition("/")
    return TESTS / (folder or "scores") / f"test_{name}.py"


def claims_of(path: Path, name: str) -> list[str]:
    """The claims that a test of that file and name proves."""
    rows = {**PROVEN, **ABSENT}.items()
    return [claim for claim, (place, begun) in rows if place_of(place) == path and name.startswith(f"test_{begun}")]


@pytest.hookimpl(wrapper=True)
def pytest_pyfunc_call(pyfuncitem: pytest.Function) -> Generator[None, object, object]:
    """The test itself; then, for the first set of parameters of one that proves something, the wrong answers."""
    answer = yield
    name = pyfuncitem.function.__name__
    claims = claims_of(pyfuncitem.path, name)
    if set(claims) - WATCHED and f"{pyfuncitem.path}::{name}" not in _TRIED:
        _TRIED.add(f"{pyfuncitem.path}::{name}")
        _must_fail(pyfuncitem, claims)
    return answer


def _must_fail(item: pytest.Function, claims: list[str]) -> None:
    from contracts.spoiled import core_is_wrong, wrong_one  # torch, which most who collect tests do not need

    given = {name: item.funcargs[name] for name in item._fixtureinfo.argnames}
    given |= {name: wrong_one(thing) for name, thing in given.items() if _is_of_core(thing)}
    try:
        with core_is_wrong(item.module):
            item.obj(**given)
    except (Exception, pytest.fail.Exception):
        return
    pytest.fail(f"{claims[0]}: {item.name} passes although all that it takes from core answers wrongly")


def _is_of_core(thing: object) -> bool:
    return callable(thing) and str(getattr(thing, "__module__", "")).startswith("core.")
