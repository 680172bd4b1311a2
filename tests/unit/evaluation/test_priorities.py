import numpy as np
import pytest

from pipeline.evaluation.priorities import as_object, judge, render


def test_priorities_are_judged_whole_among_work_and_by_source() -> None:
    priorities = np.array([90.0, 50.0, 40.0, 10.0, 0.0, 0.0])
    urgent = np.array([True, False, True, False, False, False])
    work = priorities > 0
    judged = as_object(judge(priorities, urgent, work, ["a", "a", "a", "b", "b", "b"]))
    assert list(judged) == ["all", "respond", "all a", "all b"]
    assert (judged["all"]["n"], judged["all"]["urgent"], judged["all"]["auc"]) == (6, 2, 0.875)
    assert judged["respond"]["auc"] == 0.75
    assert judged["respond"]["span"] == pytest.approx(84 - 14.5, abs=0.01)
    assert judged["all b"]["auc"] is None
    assert judged["all b"]["interval"] == [None, None]


def test_without_work_and_sources_there_are_the_figures_of_all_posts() -> None:
    judged = judge(np.zeros(2), np.array([True, False]), np.zeros(2, dtype=bool), [None, None])
    assert [one.name for one in judged] == ["all"]
    assert next(render(judged)).row_count == 1
