"""The threads in which pictures are coded."""

import asyncio
import threading

import pytest

pytest.importorskip("fastapi")

from fovea.serve.pool import Pool


def test_a_thread_that_cannot_be_started_takes_no_place(monkeypatch):
    done = []

    async def run(pool, name):
        gone = asyncio.get_running_loop().create_future()
        return await pool.run(lambda: done.append(name), 10, gone, "caller")

    def no_thread(_thread):
        raise RuntimeError("can't start new thread")

    async def scenario():
        pool = Pool(jobs=1, queue=1)
        with monkeypatch.context() as patch, pytest.raises(RuntimeError, match="can't start new thread"):
            patch.setattr(threading.Thread, "start", no_thread)
            await run(pool, "first")
        assert pool.running == 0
        await run(pool, "second")
        assert done == ["second"]
        pool.close()

    asyncio.run(scenario())
