"""Threads of the BLAS: one for small problems, as many as before afterwards."""

from threading import Event, Thread

import numpy as np
import pytest
from threadpoolctl import threadpool_info, threadpool_limits

from mottle.blas import SMALL, threads_for


def n_threads():
    return {pool["num_threads"] for pool in threadpool_info() if pool["user_api"] == "blas"}


@pytest.fixture(autouse=True)
def two():
    with threadpool_limits(2, user_api="blas"):
        if n_threads() != {2}:
            pytest.skip("the BLAS has one thread only")
        yield


def test_few_rows_take_one_thread_and_many_take_all():
    with threads_for(SMALL):
        assert n_threads() == {1}
    assert n_threads() == {2}
    with threads_for(SMALL + 1):
        assert n_threads() == {2}


def test_the_limit_goes_with_an_error():
    with pytest.raises(np.linalg.LinAlgError), threads_for(2):
        np.linalg.cholesky(-np.eye(2))
    assert n_threads() == {2}


@pytest.mark.parametrize("first_in", [True, False])
@pytest.mark.parametrize("first_out", [True, False])
def test_after_several_threads_at_once_there_are_as_many_as_before(first_in, first_out):
    within, leave = Event(), Event()

    def other():
        with threads_for(2):
            within.set()
            leave.wait()

    thread, own = Thread(target=other), threads_for(2)
    if first_in:
        own.__enter__()
    thread.start()
    within.wait()
    if not first_in:
        own.__enter__()
    assert n_threads() == {1}
    if first_out:
        own.__exit__(None, None, None)
    leave.set()
    thread.join()
    if not first_out:
        own.__exit__(None, None, None)
    assert n_threads() == {2}
