"""Square matrix products and copies by PyTorch, else CuPy, on the first GPU; prints one JSON object."""
import json
import statistics
import time

SIZES = (1024, 4096, 8192)


def per_run(run, synchronise, budget=0.15):
    for _ in range(3):
        run()
    synchronise()
    start = time.perf_counter()
    run()
    synchronise()
    once = max(time.perf_counter() - start, 1e-6)
    count = max(1, min(200, int(budget / once)))
    times = []
    for _ in range(7):
        start = time.perf_counter()
        for _ in range(count):
            run()
        synchronise()
        times.append((time.perf_counter() - start) / count)
    return statistics.median(times)


def with_torch():
    import torch

    if not torch.cuda.is_available():
        return {"skipped": "PyTorch finds no CUDA device"}
    device = torch.device("cuda:0")
    types = {"f32": torch.float32, "tf32": torch.float32, "f16": torch.float16, "bf16": torch.bfloat16, "f64": torch.float64}
    rows = []
    for name, dtype in types.items():
        torch.backends.cuda.matmul.allow_tf32 = name == "tf32"
        for size in SIZES:
            a = torch.randn(size, size, device=device, dtype=torch.float32).to(dtype)
            b = torch.randn(size, size, device=device, dtype=torch.float32).to(dtype)
            out = torch.empty(size, size, device=device, dtype=dtype)
            seconds = per_run(lambda: torch.matmul(a, b, out=out), torch.cuda.synchronize)
            rows.append({"type": name, "size": size, "ms": seconds * 1e3, "teraflops": 2 * size**3 / seconds / 1e12})
    source = torch.empty(256 << 20, dtype=torch.uint8, device=device)
    target = torch.empty_like(source)
    pinned = torch.empty(64 << 20, dtype=torch.uint8).pin_memory()
    room = torch.empty(64 << 20, dtype=torch.uint8, device=device)
    copy = per_run(lambda: target.copy_(source), torch.cuda.synchronize)
    upload = per_run(lambda: room.copy_(pinned, non_blocking=True), torch.cuda.synchronize)
    download = per_run(lambda: pinned.copy_(room, non_blocking=True), torch.cuda.synchronize)
    return {
        "name": "PyTorch",
        "version": torch.__version__,
        "rows": rows,
        "copyBytesPerSecond": 2 * source.numel() / copy,
        "pinnedUploadGBps": pinned.numel() / upload / 1e9,
        "pinnedDownloadGBps": pinned.numel() / download / 1e9,
    }


def with_cupy():
    import cupy

    rows = []
    for name, dtype in {"f32": cupy.float32, "f16": cupy.float16, "f64": cupy.float64}.items():
        for size in SIZES:
            a = cupy.random.rand(size, size, dtype=cupy.float32).astype(dtype)
            b = cupy.random.rand(size, size, dtype=cupy.float32).astype(dtype)
            out = cupy.empty((size, size), dtype=dtype)
            seconds = per_run(lambda: cupy.matmul(a, b, out=out), cupy.cuda.Device().synchronize)
            rows.append({"type": name, "size": size, "ms": seconds * 1e3, "teraflops": 2 * size**3 / seconds / 1e12})
    return {"name": "CuPy", "version": cupy.__version__, "rows": rows}


ROWS = 1 << 24


def torch_queries():
    import torch

    device = torch.device("cuda:0")
    numbers = lambda most: torch.randint(0, most, (ROWS,), device=device, dtype=torch.int32)
    ten, thousand, many, x, y = (numbers(most) for most in (10, 1000, ROWS // 16, 1_000_000, 1_000_000))
    weight = torch.randint(0, 1000, (ROWS // 16,), device=device, dtype=torch.int32)

    def sums(keys, groups):
        total = torch.zeros(groups, device=device, dtype=torch.int64)
        total.scatter_add_(0, keys.long(), x.long())
        return total, torch.bincount(keys, minlength=groups)

    runs = {
        "filter and sum": lambda: x[y < 300_000].sum(),
        "filter, two columns kept": lambda: x[y < 500_000],
        "derived column": lambda: x.long() + y,
        "group-by, 10 groups": lambda: sums(ten, 10),
        "group-by, 1,000 groups": lambda: sums(thousand, 1000),
        "group-by, a group for 16 rows": lambda: sums(many, ROWS // 16),
        "sort": lambda: torch.sort(x),
        "join, a row for 16": lambda: weight[many.long()].sum(),
        "distinct": lambda: torch.unique(many),
        "top 100": lambda: torch.topk(x, 100),
    }
    return timed_queries("PyTorch", runs, torch.cuda.synchronize)


def cudf_queries():
    import cudf
    import cupy

    numbers = lambda most: cupy.random.randint(0, most, ROWS, dtype=cupy.int32)
    facts = cudf.DataFrame(
        {
            "ten": numbers(10),
            "thousand": numbers(1000),
            "many": numbers(ROWS // 16),
            "x": numbers(1_000_000),
            "y": numbers(1_000_000),
        }
    )
    items = cudf.DataFrame(
        {"many": cupy.arange(ROWS // 16, dtype=cupy.int32), "weight": cupy.random.randint(0, 1000, ROWS // 16, dtype=cupy.int32)}
    )
    grouped = lambda key: facts.groupby(key)["x"].agg(["sum", "count"])
    runs = {
        "filter and sum": lambda: facts["x"][facts["y"] < 300_000].sum(),
        "filter, two columns kept": lambda: facts["x"][facts["y"] < 500_000],
        "derived column": lambda: facts["x"].astype("int64") + facts["y"],
        "group-by, 10 groups": lambda: grouped("ten"),
        "group-by, 1,000 groups": lambda: grouped("thousand"),
        "group-by, a group for 16 rows": lambda: grouped("many"),
        "sort": lambda: facts["x"].sort_values(),
        "join, a row for 16": lambda: facts[["many"]].merge(items, on="many")["weight"].sum(),
        "distinct": lambda: facts["many"].unique(),
        "top 100": lambda: facts["x"].nlargest(100),
    }
    return timed_queries("cuDF", runs, cupy.cuda.Device().synchronize)


def timed_queries(name, runs, synchronise):
    rows = []
    for query, run in runs.items():
        rows.append({"name": name, "query": query, "rows": ROWS, "ms": per_run(run, synchronise) * 1e3})
    return rows


def with_queries(found):
    for queries in (cudf_queries, torch_queries):
        try:
            return {**found, "queries": queries()}
        except ImportError:
            continue
    return found


def main():
    for measure in (with_torch, with_cupy):
        try:
            found = measure()
            print(json.dumps(found if "skipped" in found else with_queries(found)))
            return
        except ImportError:
            continue
    print(json.dumps({"skipped": "python3 has neither PyTorch nor CuPy"}))


main()
