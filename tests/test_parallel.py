"""Work in threads that can be ended from outside."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from fovea.parallel import checked, checkpoint, completed, parallel


class StopError(Exception):
    pass


@pytest.mark.parametrize("threads", [1, 3])
def test_checkpoints_of_the_items_see_the_check(threads):
    calls = []

    def work(item):
        checkpoint()
        return -item

    with checked(lambda: calls.append(1)):
        assert parallel(work, range(5), threads) == [0, -1, -2, -3, -4]
    assert len(calls) == 10  # before each item, and inside


@pytest.mark.parametrize("threads", [1, 3])
def test_an_error_of_the_check_ends_the_work(threads):
    done = []

    def stop():
        raise StopError

    with pytest.raises(StopError), checked(stop):
        parallel(done.append, range(5), threads)
    assert not done


def test_without_a_check_nothing_stops():
    checkpoint()
    with checked(lambda: None):
        pass
    checkpoint()


def test_results_are_yielded_before_more_items_are_taken():
    def items():
        yield -3
        raise StopError

    with ThreadPoolExecutor(1) as pool:
        results = completed(pool, abs, items(), limit=1)
        assert next(results) == 3
        with pytest.raises(StopError):
            next(results)
