"""[cluster]: a job whose targets are many, cut into shards that several processes send."""

from __future__ import annotations

from typing import Annotated, Final

from pydantic import Field

from bulkdel.job.keys import Allowed, Duration, Table, TargetName, Variable

LEASE_SHORTEST_S: Final = 5.0
LEASE_LONGEST_S: Final = 600.0
SLICES_MOST: Final = 64


class ClusterTable(Table):
    """[cluster]: how a job is cut into shards, and who says which process sends which."""

    store_env: Annotated[
        Variable | None,
        Field(
            description="The environment variable that holds the address of the PostgreSQL that "
            "the workers share, postgresql://…. Default: the processes of one machine, no server."
        ),
        Allowed("the name of an environment variable"),
    ] = None
    shard_qps: Annotated[
        float,
        Field(
            gt=0,
            description="Targets are put together into a shard until their qps add up to this.",
        ),
        Allowed("a number of calls a second, above 0"),
    ] = 800
    lease_s: Annotated[
        Duration,
        Field(
            alias="lease",
            ge=LEASE_SHORTEST_S,
            le=LEASE_LONGEST_S,
            description="How long a worker may send that cannot reach the store; so long, and a "
            "while more, a dead worker's shards wait for another.",
        ),
        Allowed('a duration such as "15s", 5s…10m'),
    ] = 15.0
    slices: Annotated[
        dict[TargetName, Annotated[int, Field(ge=2, le=SLICES_MOST)]],
        Field(
            description="Targets that are each sent by several processes at once, and by how "
            "many. Only one_way, and as the input gives the pairs.",
        ),
        Allowed(
            f"a table of targets and numbers, 2…{SLICES_MOST}, such as {{ big = 4 }}",
            item=f"a whole number, 2…{SLICES_MOST}",
        ),
    ] = Field(default_factory=dict)
