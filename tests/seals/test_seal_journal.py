"""New journal records are sealed within a minute."""

import time
import papers
from conftest import World
from chalicelib.seals.tables import Seal, SealHead, JournalLeaf


def test_x(world: World) -> None:
    """X."""
    worker = papers.doctor(world)
    world.client.call("read_profile", by=worker)
    t=time.process_time()
    assert world.pump.drain()
    print(time.process_time()-t)
    print(list(world.pump.failures))
    for _ in range(31): world.client.call("read_profile", by=worker)
    t=time.process_time()
    assert world.pump.drain()
    print(time.process_time()-t)
    for s in Seal.since(0).run(None,None): print(s.attribute_values)
    for s in JournalLeaf.of_person(worker.person_id).run(1,None): print(s.attribute_values)
    assert 0
