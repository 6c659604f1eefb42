from __future__ import annotations

from app.workers.deletions import Deletions


def test_a_deletion_is_due_when_it_can_no_longer_be_taken_back() -> None:
    deletions = Deletions(10.0)
    assert deletions.wait_ms(100.0) is None
    deletions.add(1, 100.0)
    deletions.add(2, 104.0)
    assert deletions.due(109.0) == []
    assert deletions.wait_ms(109.0) == 1001
    assert deletions.due(110.0) == [1]
    deletions.settled([1])
    assert deletions.wait_ms(110.0) == 4001
    assert deletions.mine == {2}


def test_a_clock_that_was_set_back_keeps_nothing_longer() -> None:
    deletions = Deletions(10.0)
    deletions.add(1, 100.0)
    assert deletions.due(50.0) == [1]
    assert (deletions.wait_ms(50.0) or 0) <= 10_001


def test_those_of_another_run_are_not_this_runs_to_end() -> None:
    deletions = Deletions(10.0)
    deletions.found({7: 100.0})
    deletions.add(8, 101.0)
    assert deletions.due(200.0) == [7, 8]
    assert deletions.mine == {8}
