"""Who judged the labels, and how often that judge is right, stand beside the rows, the example and the noise rate."""

from screens import screen, words

from core import actions


def test_the_judge_stands_beside_every_list_of_suspects(run_of):
    folder = run_of("table")
    run = actions.runs.open_run(folder)
    line = actions.noise.judge_line(run)
    assert f"{run.score('label_quality').meta['out_of_fold_accuracy']:.1%}" in line
    explored = screen("explore", folder, side="example", example=str(run.examples.ids[0]))
    assert words(explored).count(line) == 2, "above the rows, and below the scores of the example"
    assert line in words(screen("check", folder))
