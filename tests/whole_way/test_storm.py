"""The storm of `bench.storm`, small: the real daemon is killed every few seconds while much else fails."""

import tempfile
from pathlib import Path

from bench.storm import Weather, storm_over

SMALL = Weather(300, pause=(0.3, 3.0), begun_a_second=15.0, longest=28.0, rest=60.0, strength=3.0)


async def test_every_mail_is_there_once_and_every_answer_left_once() -> None:
    # Not under tmp_path: the database's account, as root, must get there.
    with tempfile.TemporaryDirectory(prefix="ttydesk-tests-") as home:
        async with storm_over(Path(home), SMALL) as storm:
            await storm.run()
            assert await storm.faults() == []
            assert storm.customers.written == 300 and len(storm.agents.answers) > 100
            assert storm.kills > 3 and storm.expired == 2
            assert storm.struck.total() > 10
