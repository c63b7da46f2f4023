"""What a user's program does with a client of openapi-python-client."""
import datetime
import sys

from skyops_client import Client, models
from skyops_client.api.observing import get_status
from skyops_client.api.probes import get_readiness
from skyops_client.api.simulations import (
    cancel_simulation,
    get_simulation,
    list_simulations,
    simulate_cpu,
    start_cpu_simulation,
    start_memory_simulation,
)

client = Client(base_url=sys.argv[1], raise_on_unexpected_status=True)


def check(is_so, what):
    if not is_so:
        raise SystemExit(f"not so: {what}")


started = start_cpu_simulation.sync(
    client=client, body=models.CpuSimulationRequest(cpu="50m", seconds=20), prefer="respond-async"
)
check(isinstance(started, models.CpuSimulation), f"the start: {started!r}")
check(started.granted.cores == 0.05 and started.requested.cpu == "50m", "the amount")
check(isinstance(started.ends_at, datetime.datetime) and started.ended_at is None, "the times")
check(isinstance(started.requested.shape, models.ConstantShape), "the shape")
read = get_simulation.sync(started.id, client=client)
check(isinstance(read, models.CpuSimulation) and read.id == started.id, f"the reading: {read!r}")
listed = list_simulations.sync(client=client)
check(any(each.id == started.id for each in listed.simulations), "the list")
cancelled = cancel_simulation.sync(started.id, client=client)
check(str(cancelled.ended_because) == "cancelled", f"the cancelling: {cancelled!r}")
status = get_status.sync(client=client)
check(status.system.memory_total_bytes > 0, "the status")
check(get_readiness.sync(client=client).ready is True, "the readiness")
memory = start_memory_simulation.sync(client=client, body=models.MemorySimulationRequest(memory="8Mi", seconds=1))
check(isinstance(memory, models.MemorySimulation) and memory.requested.bytes_ == 8 * 1024**2, f"the memory: {memory!r}")
# What a client that fills the documented defaults in sends.
full = models.CpuSimulationRequest(seconds=0.2, cpu="50m", parallelism=1, load=1, saturate=False)
check(isinstance(simulate_cpu.sync(client=client, body=full), models.CpuSimulation), "the defaults")
missing = get_simulation.sync("sim-0000000000000000", client=client)
check(isinstance(missing, models.Problem) and str(missing.code) == "simulation-not-found", f"the problem: {missing!r}")
print("all of it is so")
