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


def main():
    for measure in (with_torch, with_cupy):
        try:
            print(json.dumps(measure()))
            return
        except ImportError:
            continue
    print(json.dumps({"skipped": "python3 has neither PyTorch nor CuPy"}))


main()
