"""Measures the machine it runs on: the kernels, whole blocks and collectives that fix a model's coefficients.

    python3 -m speedup.measure                     # at most 3 minutes on one GPU, 5 on a node of several
    python3 -m speedup.measure --out h100.csv
    torchrun --nproc-per-node 8 -m speedup.measure # the same, one process for each GPU started from outside

Needs PyTorch; nvidia-ml-py adds power and clocks. It needs nothing else of this package, so that the file
alone also runs: `python3 measure.py`. It never changes a setting of the GPU. It writes one CSV; progress
shows on a terminal only.

A row is one measurement. Empty means "does not apply".

| column | meaning |
|---|---|
| kind | machine, product, grouped, attention, pass, host, block, optimizer, link, power, collective, overlap |
| name | which of the kind; a product's is forward, input (gradient) or weight (gradient) of one layer |
| precision | of the operands: bf16, fp16, fp8 (e4m3, one scale a tensor), tf32, fp32 |
|  | of a block: amp (fp32 weights under autocast), pure (all bf16) |
| m, n, k | tokens, outputs and inputs of the layer, whichever of its three products is measured: the input |
|  | gradient multiplies (m, n) by (n, k), the weight gradient (n, m) by (m, k); grouped: tokens of all experts |
|  | pass: m rows of n numbers; block: tokens, feed-forward, hidden |
| batch | sequences; grouped: experts |
| heads, kv, seq, width | query heads, key heads, length, head width |
| causal | attention: 1 if masked above the diagonal |
| layers | block: how many of them ran; the seconds are of all |
| count | optimizer: parameters; host, power: how many ran; the seconds are of one |
| bytes | pass, link: read and written in memory, as counted from the operands and results alone |
|  | collective: the whole tensor: gathered, before it is scattered, reduced, exchanged, sent |
| flop | floating-point operations that have to be done; those that a causal mask drops are not counted |
| ranks | collective: GPUs that take part |
| seconds | median |
| spread | (90th - 10th percentile) / median |
| watts, clock_mhz | power: mean over its seconds, and of the multiprocessors' clock |
|  | elsewhere: the clock read once, while the kernel ran or just after |
| memory_bytes | block: what the forward pass keeps for the backward one, weights' casts included |

Each row also holds the machine: gpu, gpus, capability, sms, memory_total, torch, cuda, driver, sm_clock_max,
memory_clock_max, power_limit (watts), processor, date.

How: random data, never zeros. Inputs rotate among sets that together exceed the cache. Kernels are queued behind
a short sleep of the GPU, so that the host's time to launch them does not enter; `host` rows measure that alone.
"""
import argparse
import contextlib
import csv
import datetime
import math
import os
import statistics
import sys
import tempfile
import threading
import time
from collections import namedtuple

try:
    import torch
    import torch.nn.functional as F
    import torch.utils.checkpoint
    from torch import nn
except ImportError:
    torch = None

COLUMNS = ["kind", "name", "precision", "m", "n", "k", "batch", "heads", "kv", "seq", "width", "causal", "layers",
           "count",
           "bytes", "flop", "ranks", "seconds", "spread", "watts", "clock_mhz", "memory_bytes"]
MACHINE = ["gpu", "gpus", "capability", "sms", "memory_total", "torch", "cuda", "driver", "sm_clock_max",
           "memory_clock_max",
           "power_limit", "processor", "date"]

# Caches of today's GPUs are below this; inputs rotate until they exceed it.
CACHE_BYTES = 128 << 20
SLEEP_CYCLES_A_SECOND = 1.9e9


# ---------------------------------------------------------------------------------------- the card, read only

class Card:
    """Power, clocks and limits of one GPU as its driver tells them; None where it does not."""

    def __init__(self, index):
        self.nvml = self.handle = None
        try:
            import pynvml
            pynvml.nvmlInit()
            self.nvml = pynvml
            uuid = getattr(torch.cuda.get_device_properties(index), "uuid", None)
            try:
                self.handle = pynvml.nvmlDeviceGetHandleByUUID(f"GPU-{uuid}")
            except Exception:
                self.handle = pynvml.nvmlDeviceGetHandleByIndex(index)
        except Exception:
            self.nvml = None

    def ask(self, name, *arguments):
        if self.nvml is None:
            return None
        try:
            return getattr(self.nvml, name)(self.handle, *arguments)
        except Exception:
            return None

    def clock(self):
        return self.ask("nvmlDeviceGetClockInfo", 1)  # NVML_CLOCK_SM

    def joules(self):
        millijoules = self.ask("nvmlDeviceGetTotalEnergyConsumption")
        return None if millijoules is None else millijoules / 1e3

    def describe(self):
        limit = self.ask("nvmlDeviceGetPowerManagementLimit")
        driver = None
        if self.nvml is not None:
            with contextlib.suppress(Exception):
                driver = self.nvml.nvmlSystemGetDriverVersion()
        return {"driver": driver.decode() if isinstance(driver, bytes) else driver,
                "sm_clock_max": self.ask("nvmlDeviceGetMaxClockInfo", 1),
                "memory_clock_max": self.ask("nvmlDeviceGetMaxClockInfo", 2),
                "power_limit": None if limit is None else limit / 1e3}


def processor():
    with contextlib.suppress(OSError):
        for line in open("/proc/cpuinfo", encoding="utf-8"):
            if line.startswith("model name"):
                return line.split(":", 1)[1].strip()
    import platform
    return platform.processor()


def machine(index, card):
    properties = torch.cuda.get_device_properties(index)
    return {"gpu": properties.name, "gpus": torch.cuda.device_count(),
            "capability": f"{properties.major}.{properties.minor}", "sms": properties.multi_processor_count,
            "memory_total": properties.total_memory, "torch": torch.__version__,
            "cuda": torch.version.cuda or torch.version.hip, "processor": processor(),
            "date": datetime.date.today().isoformat(), **card.describe()}


# ---------------------------------------------------------------------------------------- rows, time, progress

def quantile(values, share):
    values = sorted(values)
    at = share * (len(values) - 1)
    low = math.floor(at)
    high = min(low + 1, len(values) - 1)
    return values[low] + (values[high] - values[low]) * (at - low)


def summary(values):
    median = statistics.median(values)
    return median, (quantile(values, .9) - quantile(values, .1)) / median if median else 0.


class Lab:
    """Takes measurements until its time is up, and keeps their rows."""

    def __init__(self, index, seconds, show):
        self.device = torch.device("cuda", index)
        self.card = Card(index)
        self.machine = machine(index, self.card)
        self.start = time.monotonic()
        self.deadline = self.start + seconds
        self.seconds = seconds
        self.show = show and sys.stderr.isatty()
        self.rows = []
        self.skipped = []

    def row(self, kind, name, **values):
        self.rows.append({"kind": kind, "name": name, **values})

    def progress(self, words):
        if self.show:
            share = min(1., (time.monotonic() - self.start) / self.seconds)
            sys.stderr.write(f"\r\033[K[{100 * share:3.0f} %] {len(self.rows)} rows  {words}")
            sys.stderr.flush()

    def attempt(self, what, work, until=None):
        """Runs work() if there is time for it; what this machine or version cannot do leaves no row."""
        if time.monotonic() > (until or self.deadline):
            self.skipped.append((what, "no time left"))
            return
        self.progress(what)
        try:
            work()
        except Exception as error:  # a compiler that is not there must not cost all rows
            self.skipped.append((what, (str(error).strip() or type(error).__name__).split("\n")[0][:160]))
        finally:
            torch.cuda.empty_cache()

    def fits(self, needed):
        return needed < .7 * torch.cuda.mem_get_info(self.device)[0]

    def time(self, work, seconds=.03, least=5):
        """Median seconds, spread and clock of work(i) on the GPU alone; i counts up, so that inputs can rotate."""
        for i in range(2):
            work(i)
        torch.cuda.synchronize()
        begin, end = torch.cuda.Event(enable_timing=True), torch.cuda.Event(enable_timing=True)
        begin.record()
        clock = time.perf_counter()
        for i in range(3):
            work(i)
        host = (time.perf_counter() - clock) / 3
        end.record()
        torch.cuda.synchronize()
        each = max(begin.elapsed_time(end) / 3e3, 1e-6)
        inner = max(1, min(32, math.ceil(5e-4 / each)))
        outer = max(least, min(25, round(seconds / (each * inner))))
        sleep = int(SLEEP_CYCLES_A_SECOND * (1.5 * inner * host + 3e-5)) if host * inner < .02 else 0
        marks = []
        i = 0
        for _ in range(outer):
            begin, end = torch.cuda.Event(enable_timing=True), torch.cuda.Event(enable_timing=True)
            if sleep:
                torch.cuda._sleep(sleep)
            begin.record()
            for _ in range(inner):
                work(i)
                i += 1
            end.record()
            marks.append((begin, end))
        mhz = self.card.clock()
        torch.cuda.synchronize()
        median, spread = summary([b.elapsed_time(e) / 1e3 / inner for b, e in marks])
        return {"seconds": median, "spread": spread, "clock_mhz": mhz}

    def wall(self, work, times=20):
        """Median seconds of work() as the host sees it, with the GPU's end of it."""
        for _ in range(3):
            work()
        torch.cuda.synchronize()
        values = []
        for _ in range(times):
            clock = time.perf_counter()
            work()
            torch.cuda.synchronize()
            values.append(time.perf_counter() - clock)
        median, spread = summary(values)
        return {"seconds": median, "spread": spread}


def sets(bytes_of_one, make):
    """As many independent inputs as the cache cannot hold."""
    return [make() for _ in range(max(1, min(16, math.ceil(CACHE_BYTES / max(bytes_of_one, 1)))))]


# ---------------------------------------------------------------------------------------- products

LAYERS = [(768, 768), (3072, 768), (768, 3072), (1024, 1024), (4096, 1024), (1024, 4096), (2048, 2048), (6144, 2048),
          (8192, 2048), (2048, 8192), (3072, 3072), (8192, 3072), (3072, 8192), (4096, 4096), (6144, 4096),
          (14336, 4096),
          (28672, 4096), (4096, 14336), (5120, 5120), (13824, 5120), (8192, 8192), (28672, 8192), (8192, 28672),
          (50304, 768), (50304, 2048), (128256, 2048), (128256, 4096)]  # (outputs, inputs)
SOME = [(768, 768), (1024, 4096), (2048, 2048), (8192, 2048), (4096, 4096), (14336, 4096), (4096, 14336), (8192, 8192),
        (128256, 4096)]


def product_sets():
    """(precision, m, n, k, form), what matters most first."""
    for m in (8192, 2048):
        for n, k in LAYERS:
            for form in ("forward", "input", "weight"):
                yield "bf16", m, n, k, form
    for m in (8192, 2048):
        for n, k in SOME:
            for form in ("forward", "input", "weight"):
                yield "fp8", m, n, k, form
    for m in (4096, 1024, 16384, 512):
        for n, k in SOME:
            for form in ("forward", "input", "weight"):
                yield "bf16", m, n, k, form
    for n, k in ((1024, 1024), (2048, 2048), (8192, 2048), (2048, 8192), (4096, 4096)):
        for form in ("forward", "input", "weight"):
            yield "tf32", 4096, n, k, form
    for n, k in ((2048, 2048), (4096, 4096), (1024, 4096), (8192, 2048)):
        yield "fp32", 4096, n, k, "forward"
    for n, k in ((2048, 2048), (4096, 4096)):
        yield "fp16", 4096, n, k, "forward"
    for m in (1, 16, 128):
        for n, k in ((4096, 4096), (14336, 4096), (4096, 14336)):
            yield "bf16", m, n, k, "forward"


def product(lab, precision, m, n, k, form):
    size = {"bf16": 2, "fp16": 2, "fp8": 1, "tf32": 4, "fp32": 4}[precision]
    one = size * (m * k + n * k) + (2 if precision == "fp8" else size) * m * n
    if not lab.fits(2 * one + 8 * max(m * k, n * k, m * n)):
        raise RuntimeError("too large for this GPU")
    kind = {"bf16": torch.bfloat16, "fp16": torch.float16, "fp8": torch.bfloat16, "tf32": torch.float32,
            "fp32": torch.float32}[precision]

    def random(*shape):
        return torch.randn(shape, device=lab.device, dtype=kind)

    torch.backends.cuda.matmul.allow_tf32 = precision == "tf32"
    if precision == "fp8":
        rows, columns, depth = {"forward": (m, n, k), "input": (m, k, n), "weight": (n, k, m)}[form]
        scale = torch.ones((), device=lab.device)
        pairs = sets(one,
                     lambda: (random(rows, depth).to(torch.float8_e4m3fn),
                              random(columns, depth).to(torch.float8_e4m3fn)))

        def work(i):
            a, b = pairs[i % len(pairs)]
            torch._scaled_mm(a, b.t(), scale_a=scale, scale_b=scale, out_dtype=torch.bfloat16,
                             use_fast_accum=form == "forward")
    elif form == "forward":
        pairs = sets(one, lambda: (random(m, k), random(n, k)))

        def work(i):
            a, b = pairs[i % len(pairs)]
            torch.mm(a, b.t())
    elif form == "input":
        pairs = sets(one, lambda: (random(m, n), random(n, k)))

        def work(i):
            a, b = pairs[i % len(pairs)]
            torch.mm(a, b)
    else:
        pairs = sets(one, lambda: (random(m, n), random(m, k)))

        def work(i):
            a, b = pairs[i % len(pairs)]
            torch.mm(a.t(), b)
    lab.row("product", form, precision=precision, m=m, n=n, k=k, flop=2 * m * n * k, bytes=one, **lab.time(work))


def products(lab):
    for precision, m, n, k, form in product_sets():
        lab.attempt(f"product {precision} {m} x {n} x {k} {form}", lambda: product(lab, precision, m, n, k, form))
    torch.backends.cuda.matmul.allow_tf32 = False


def grouped(lab):
    def one(experts, tokens, n, k):
        m = experts * tokens
        a = torch.randn((m, k), device=lab.device, dtype=torch.bfloat16, requires_grad=True)
        b = torch.randn((experts, n, k), device=lab.device, dtype=torch.bfloat16, requires_grad=True)
        ends = torch.arange(tokens, m + 1, tokens, device=lab.device, dtype=torch.int32)
        common = {"precision": "bf16", "m": m, "n": n, "k": k, "batch": experts,
                  "bytes": 2 * (m * k + experts * n * k + m * n)}
        with torch.no_grad():
            lab.row("grouped", "forward", flop=2 * m * n * k, **common,
                    **lab.time(lambda i: torch._grouped_mm(a, b.transpose(-2, -1), offs=ends)))
        y = torch._grouped_mm(a, b.transpose(-2, -1), offs=ends)
        g = torch.randn_like(y)
        lab.row("grouped", "backward", flop=4 * m * n * k, **common,
                **lab.time(lambda i: torch.autograd.grad(y, (a, b), g, retain_graph=True)))

    for experts, tokens, n, k in ((64, 64, 2048, 2048), (64, 512, 2048, 2048), (64, 512, 2048, 1024),
                                  (64, 2048, 2048, 2048),
                                  (8, 256, 28672, 4096), (8, 1024, 28672, 4096), (8, 1024, 4096, 14336),
                                  (128, 256, 1536, 2048)):
        lab.attempt(f"grouped {experts} x {tokens}", lambda: one(experts, tokens, n, k))


# ---------------------------------------------------------------------------------------- attention

ATTENTION = [  # batch, heads, kv, length, width, causal
    (8, 16, 16, 1024, 128, 1), (4, 16, 16, 2048, 128, 1), (4, 32, 8, 2048, 128, 1), (1, 32, 8, 8192, 128, 1),
    (8, 16, 16, 1024, 64, 1), (4, 32, 8, 2048, 64, 1), (2, 32, 32, 4096, 128, 1), (2, 32, 8, 4096, 64, 1),
    (1, 16, 16, 16384, 64, 1), (1, 32, 8, 32768, 128, 1), (32, 16, 16, 256, 128, 1), (16, 12, 12, 512, 64, 1),
    (1, 16, 16, 1024, 128, 1), (1, 32, 8, 2048, 128, 1), (4, 24, 24, 2048, 96, 1), (4, 16, 16, 2048, 128, 0),
             (8, 16, 16, 1024, 64, 0),
    (2, 16, 16, 2048, 256, 1)]


def use_attention(kernel):
    """Lets PyTorch choose this implementation only; `unfused` is written out and needs none."""
    torch.backends.cuda.enable_flash_sdp(kernel == "flash")
    torch.backends.cuda.enable_cudnn_sdp(kernel == "cudnn")
    torch.backends.cuda.enable_mem_efficient_sdp(kernel == "efficient")
    torch.backends.cuda.enable_math_sdp(kernel == "math")


def attend(q, k, v, kernel, causal=True, mask=None):
    """Attention of (batch, heads, length, width) as a plain decoder writes it."""
    if kernel == "unfused" or (kernel == "efficient" and k.shape[1] != q.shape[1]):
        if k.shape[1] != q.shape[1]:
            k, v = (x.repeat_interleave(q.shape[1] // x.shape[1], 1) for x in (k, v))
    if kernel == "unfused":
        scores = (q @ k.transpose(-2, -1)) * (1. / math.sqrt(q.shape[-1]))
        if causal:
            scores = scores.masked_fill(mask, float("-inf"))
        return F.softmax(scores, dim=-1) @ v
    return F.scaled_dot_product_attention(q, k, v, is_causal=bool(causal), enable_gqa=k.shape[1] != q.shape[1])


def attention_one(lab, kernel, batch, heads, kv, seq, width, causal):
    def random(h):
        return torch.randn((batch, seq, h, width), device=lab.device, dtype=torch.bfloat16).transpose(1,
                2).requires_grad_()

    q, k, v = random(heads), random(kv), random(kv)
    mask = torch.ones((seq, seq), device=lab.device, dtype=torch.bool).triu(1) if kernel == "unfused" else None
    use_attention(kernel)
    flop = (2 if causal else 4) * batch * heads * seq * seq * width
    common = {"precision": "amp" if kernel == "unfused" else "bf16", "batch": batch, "heads": heads, "kv": kv,
              "seq": seq,
              "width": width, "causal": causal}
    with torch.autocast("cuda", torch.bfloat16, enabled=kernel == "unfused"):
        with torch.no_grad():
            lab.row("attention", kernel + " forward", flop=flop, **common,
                    **lab.time(lambda i: attend(q, k, v, kernel, causal, mask)))
        y = attend(q, k, v, kernel, causal, mask)
    g = torch.randn_like(y)
    lab.row("attention", kernel + " backward", flop=2.5 * flop if kernel != "unfused" else 2 * flop, **common,
            **lab.time(lambda i: torch.autograd.grad(y, (q, k, v), g, retain_graph=True)))


def attention(lab):
    for shape in ATTENTION:
        for kernel in ("flash", "cudnn", "efficient"):
            lab.attempt(f"attention {kernel} {shape}", lambda: attention_one(lab, kernel, *shape))
    for shape in ((8, 16, 16, 1024, 128, 1), (4, 16, 16, 2048, 128, 1), (2, 16, 16, 4096, 64, 1),
                  (16, 12, 12, 512, 64, 1)):
        lab.attempt(f"attention unfused {shape}", lambda: attention_one(lab, "unfused", *shape))
    use_attention("flash")


# ---------------------------------------------------------------------------------------- passes over memory

def passes(lab):
    bf16, fp32 = torch.bfloat16, torch.float32

    def random(*shape, dtype=bf16, grad=False):
        return torch.randn(shape, device=lab.device, dtype=dtype, requires_grad=grad)

    def measured(name, precision, count, work, **more):
        lab.row("pass", name, precision=precision, bytes=count, **more, **lab.time(work))

    for exponent in (20, 22, 24, 26, 28, 30, 31):
        def copy():
            pairs = sets(2 << exponent,
                         lambda: (torch.randint(0, 255, (1 << exponent,), device=lab.device, dtype=torch.uint8),
                                                 torch.empty(1 << exponent, device=lab.device, dtype=torch.uint8)))
            measured("copy", "", 2 << exponent, lambda i: pairs[i % len(pairs)][1].copy_(pairs[i % len(pairs)][0]))
        if lab.fits(4 << exponent):
            lab.attempt(f"copy of {1 << exponent} bytes", copy)

    for rows, width in ((8192, 2048), (8192, 8192), (2048, 1024)):
        count = rows * width
        common = {"m": rows, "n": width}

        def pointwise():
            a, b, c = random(rows, width), random(rows, width), random(rows, width, dtype=fp32)
            measured("add", "bf16", 6 * count, lambda i: a + b, **common)
            measured("scale", "fp32", 8 * count, lambda i: c * 1.5, **common)
            measured("mixed add", "amp", 10 * count, lambda i: c + b, **common)
            measured("cast", "fp32 to bf16", 6 * count, lambda i: c.to(bf16), **common)
            measured("cast", "bf16 to fp32", 6 * count, lambda i: a.to(fp32), **common)
            measured("gelu", "bf16", 4 * count, lambda i: F.gelu(a), **common)
            measured("silu times", "bf16", 10 * count, lambda i: F.silu(a) * b, **common)

        def backward(name, precision, function, inputs, forward_bytes, backward_bytes):
            with torch.no_grad():
                measured(name, precision, forward_bytes, lambda i: function(*inputs), **common)
            y = function(*inputs)
            g = torch.randn_like(y)
            measured(name + " backward", precision, backward_bytes,
                     lambda i: torch.autograd.grad(y, [x for x in inputs if x.requires_grad], g, retain_graph=True),
                     **common)

        def norm(x, w):
            return (x.float() * torch.rsqrt(x.float().pow(2).mean(-1, keepdim=True) + 1e-5)).type_as(x) * w

        lab.attempt(f"pointwise {rows} x {width}", pointwise)
        lab.attempt("gelu",
                    lambda: backward("gelu both", "bf16", F.gelu, [random(rows, width, grad=True)], 4 * count,
                                     6 * count))
        lab.attempt("layer norm",
                    lambda: backward("layer norm", "bf16", lambda x, w, b: F.layer_norm(x, (width,), w, b),
                    [random(rows, width, grad=True), random(width, grad=True), random(width, grad=True)], 4 * count,
                                     6 * count))
        lab.attempt("layer norm fp32",
                    lambda: backward("layer norm", "fp32", lambda x, w, b: F.layer_norm(x, (width,), w, b),
                    [random(rows, width, dtype=fp32, grad=True), random(width, dtype=fp32, grad=True),
                     random(width, dtype=fp32, grad=True)], 8 * count, 12 * count))
        lab.attempt("rms norm", lambda: backward("rms norm written out", "bf16", norm,
                    [random(rows, width, grad=True), random(width, grad=True)], 4 * count, 6 * count))
        lab.attempt("rms norm", lambda: backward("rms norm of PyTorch", "bf16", lambda x, w: F.rms_norm(x, (width,), w),
                    [random(rows, width, grad=True), random(width, grad=True)], 4 * count, 6 * count))

    def loss(rows, vocabulary):
        if not lab.fits(16 * rows * vocabulary):
            raise RuntimeError("too large for this GPU")
        logits = random(rows, vocabulary, grad=True)
        target = torch.randint(0, vocabulary, (rows,), device=lab.device)
        common = {"m": rows, "n": vocabulary}
        with torch.no_grad():
            measured("loss in fp32", "bf16", 2 * rows * vocabulary, lambda i: F.cross_entropy(logits.float(), target),
                     **common)
        y = F.cross_entropy(logits.float(), target)
        measured("loss in fp32 backward", "bf16", 4 * rows * vocabulary,
                 lambda i: torch.autograd.grad(y, logits, retain_graph=True), **common)

    for rows, vocabulary in ((4096, 50304), (4096, 128256), (1024, 151936)):
        lab.attempt(f"loss {vocabulary}", lambda: loss(rows, vocabulary))

    def embedding(rows, vocabulary, width):
        table = random(vocabulary, width, dtype=fp32, grad=True)
        index = torch.randint(0, vocabulary, (rows,), device=lab.device)
        y = F.embedding(index, table)
        g = torch.randn_like(y)
        measured("embedding backward", "fp32", 4 * (vocabulary + 2 * rows) * width,
                 lambda i: torch.autograd.grad(y, table, g, retain_graph=True), m=rows, n=vocabulary, k=width)

    lab.attempt("embedding", lambda: embedding(8192, 50304, 2048))
    lab.attempt("embedding", lambda: embedding(8192, 128256, 2048))


# ---------------------------------------------------------------------------------------- decoders as people write them

Shape = namedtuple("Shape", "layers hidden heads kv width ffn vocab gated tied")
Module = nn.Module if torch else object


class Norm(Module):
    """Root-mean-square norm as Llama's reference code writes it: in fp32, then back."""

    def __init__(self, hidden):
        super().__init__()
        self.weight = nn.Parameter(torch.ones(hidden))

    def forward(self, x):
        wide = x.float()
        return (wide * torch.rsqrt(wide.pow(2).mean(-1, keepdim=True) + 1e-5)).type_as(x) * self.weight


class GptBlock(Module):
    """Layer norms, three products for queries, keys and values, a plain feed-forward; biases everywhere.

    Three products, because under autocast each widens or narrows its input again: that is bytes and memory.
    """

    def __init__(self, shape, kernel, length):
        super().__init__()
        self.kernel, self.width, self.kv = kernel, shape.width, shape.kv
        self.before = nn.LayerNorm(shape.hidden)
        self.q = nn.Linear(shape.hidden, shape.heads * shape.width)
        self.k = nn.Linear(shape.hidden, shape.kv * shape.width)
        self.v = nn.Linear(shape.hidden, shape.kv * shape.width)
        self.out = nn.Linear(shape.heads * shape.width, shape.hidden)
        self.between = nn.LayerNorm(shape.hidden)
        self.up = nn.Linear(shape.hidden, shape.ffn)
        self.down = nn.Linear(shape.ffn, shape.hidden)
        if kernel == "unfused":
            self.register_buffer("mask", torch.ones((length, length), dtype=torch.bool).triu(1), persistent=False)
        else:
            self.mask = None

    def forward(self, x, cos=None, sin=None):
        b, s, _ = x.shape
        y = self.before(x)
        q, k, v = (f(y).view(b, s, -1, self.width).transpose(1, 2) for f in (self.q, self.k, self.v))
        y = attend(q, k, v, self.kernel, True, self.mask)
        x = x + self.out(y.transpose(1, 2).reshape(b, s, -1))
        return x + self.down(F.gelu(self.up(self.between(x))))


def rotate(x, cos, sin):
    a, b = x.chunk(2, dim=-1)
    return x * cos + torch.cat((-b, a), dim=-1) * sin


class LlamaBlock(Module):
    """Norms by root mean square, rotary positions, grouped keys, a gated feed-forward; no biases; no product fused."""

    def __init__(self, shape, kernel, length):
        super().__init__()
        self.kernel, self.width = kernel, shape.width
        self.before = Norm(shape.hidden)
        self.q = nn.Linear(shape.hidden, shape.heads * shape.width, bias=False)
        self.k = nn.Linear(shape.hidden, shape.kv * shape.width, bias=False)
        self.v = nn.Linear(shape.hidden, shape.kv * shape.width, bias=False)
        self.out = nn.Linear(shape.heads * shape.width, shape.hidden, bias=False)
        self.between = Norm(shape.hidden)
        self.gate = nn.Linear(shape.hidden, shape.ffn, bias=False)
        self.up = nn.Linear(shape.hidden, shape.ffn, bias=False)
        self.down = nn.Linear(shape.ffn, shape.hidden, bias=False)
        if kernel == "unfused":
            self.register_buffer("mask", torch.ones((length, length), dtype=torch.bool).triu(1), persistent=False)
        else:
            self.mask = None

    def forward(self, x, cos, sin):
        b, s, _ = x.shape
        y = self.before(x)
        q, k, v = (f(y).view(b, s, -1, self.width).transpose(1, 2) for f in (self.q, self.k, self.v))
        cos, sin = cos.to(q.dtype), sin.to(q.dtype)
        q, k = rotate(q, cos, sin), rotate(k, cos, sin)
        y = attend(q, k, v, self.kernel, True, self.mask)
        x = x + self.out(y.transpose(1, 2).reshape(b, s, -1))
        y = self.between(x)
        return x + self.down(F.silu(self.gate(y)) * self.up(y))


class Decoder(Module):
    """Embedding, blocks, norm, head and loss. Logits are widened to fp32, as plain code does."""

    def __init__(self, shape, kernel, length, checkpoint=False, block=None):
        super().__init__()
        self.checkpoint = checkpoint
        self.gated = shape.gated
        self.embed = nn.Embedding(shape.vocab, shape.hidden)
        if not shape.gated:
            self.positions = nn.Embedding(length, shape.hidden)
        else:
            angles = torch.outer(torch.arange(length).float(),
                                 1. / 5e5 ** (torch.arange(0, shape.width, 2).float() / shape.width))
            angles = torch.cat((angles, angles), dim=-1)
            self.register_buffer("cos", angles.cos(), persistent=False)
            self.register_buffer("sin", angles.sin(), persistent=False)
        block = block or (LlamaBlock if shape.gated else GptBlock)
        self.blocks = nn.ModuleList(block(shape, kernel, length) for _ in range(shape.layers))
        self.norm = Norm(shape.hidden) if shape.gated else nn.LayerNorm(shape.hidden)
        self.head = nn.Linear(shape.hidden, shape.vocab, bias=False)
        if shape.tied:
            self.head.weight = self.embed.weight
        for p in self.parameters():
            if p.dim() > 1:
                nn.init.normal_(p, std=.02)

    def forward(self, tokens, targets):
        x = self.embed(tokens)
        cos = sin = None
        if self.gated:
            cos, sin = self.cos, self.sin
        else:
            x = x + self.positions(torch.arange(tokens.shape[1], device=tokens.device))
        for block in self.blocks:
            if self.checkpoint:
                x = torch.utils.checkpoint.checkpoint(block, x, cos, sin, use_reentrant=False)
            else:
                x = block(x, cos, sin)
        logits = self.head(self.norm(x))
        return F.cross_entropy(logits.float().view(-1, logits.shape[-1]), targets.view(-1))


# ---------------------------------------------------------------------------------------- whole blocks

def block_row(lab, name, shape, batch, seq, precision, compiled, host=False):
    kind = LlamaBlock if shape.gated else GptBlock
    use_attention("flash")
    torch.manual_seed(0)
    with torch.device(lab.device):
        blocks = nn.ModuleList(kind(shape, "flash", seq) for _ in range(shape.layers))
        cos, sin = torch.randn(seq, shape.width), torch.randn(seq, shape.width)
    dtype = torch.float32 if precision == "amp" else torch.bfloat16
    blocks.to(dtype)
    if compiled:
        torch._dynamo.reset()
        for b in blocks:
            b.compile()
    x = torch.randn((batch, seq, shape.hidden), device=lab.device, dtype=dtype, requires_grad=True)
    g = torch.randn((batch, seq, shape.hidden), device=lab.device, dtype=dtype)
    parameters = list(blocks.parameters())

    def forward():
        with torch.autocast("cuda", torch.bfloat16, enabled=precision == "amp"):
            y = x
            for b in blocks:
                y = b(y, cos, sin)
        return y

    def both(times):
        torch.cuda.synchronize()
        begin = torch.cuda.memory_allocated()
        clock = time.perf_counter()
        y = forward()
        kept = torch.cuda.memory_allocated() - begin
        y.backward(g)
        queue = min(.1, time.perf_counter() - clock)  # how long the host takes to queue both passes
        values = {"forward": [], "backward": []}
        for _ in range(times):
            x.grad = None
            for p in parameters:
                p.grad = None
            marks = [torch.cuda.Event(enable_timing=True) for _ in range(3)]
            torch.cuda.synchronize()
            if not host:  # the GPU sleeps while the host queues both passes
                torch.cuda._sleep(int(SLEEP_CYCLES_A_SECOND * 1.2 * queue))
            clock = [time.perf_counter()]
            marks[0].record()
            y = forward()
            marks[1].record()
            if host:
                torch.cuda.synchronize()
            clock.append(time.perf_counter())
            y.backward(g)
            marks[2].record()
            queue = min(.1, time.perf_counter() - clock[0])
            torch.cuda.synchronize()
            clock.append(time.perf_counter())
            if host:
                values["forward"].append(clock[1] - clock[0])
                values["backward"].append(clock[2] - clock[1])
            else:
                values["forward"].append(marks[0].elapsed_time(marks[1]) / 1e3)
                values["backward"].append(marks[1].elapsed_time(marks[2]) / 1e3)
        return values, kept

    both(2)
    values, kept = both(10 if not host else 20)
    way = "compiled" if compiled else "eager"
    for part in ("forward", "backward"):
        seconds, spread = summary(values[part])
        lab.row("host" if host else "block", f"{name} {way} {part}", precision=precision, m=batch * seq, n=shape.ffn,
                k=shape.hidden,
                batch=batch, heads=shape.heads, kv=shape.kv, seq=seq, width=shape.width, layers=shape.layers,
                seconds=seconds, spread=spread, memory_bytes=kept)


def block_shapes(layers):
    return {"gpt-768": Shape(layers, 768, 12, 12, 64, 3072, 0, False, False),
            "gpt-1024": Shape(layers, 1024, 16, 16, 64, 4096, 0, False, False),
            "gpt-2048": Shape(layers, 2048, 16, 16, 128, 8192, 0, False, False),
            "gpt-4096": Shape(layers, 4096, 32, 32, 128, 16384, 0, False, False),
            "llama-2048": Shape(layers, 2048, 32, 8, 64, 8192, 0, True, False),
            "llama-4096": Shape(layers, 4096, 32, 8, 128, 14336, 0, True, False)}


def eager_blocks(lab):
    shapes = block_shapes(4)
    for name, batch, seq in (("gpt-2048", 4, 2048), ("llama-2048", 4, 2048), ("llama-4096", 2, 2048),
                             ("gpt-768", 16, 1024),
                             ("gpt-1024", 8, 1024), ("gpt-4096", 2, 2048), ("gpt-2048", 8, 512),
                             ("llama-2048", 1, 8192)):
        for precision in ("amp", "pure"):
            lab.attempt(f"block {name} {precision}",
                        lambda: block_row(lab, name, shapes[name], batch, seq, precision, False))


def compiled_blocks(lab):
    # One layer compiled serves all. A compilation takes 5 to 20 s, so that only a few fit.
    shapes = block_shapes(4)
    for name, batch, seq, precision in (("gpt-2048", 4, 2048, "amp"), ("llama-4096", 2, 2048, "amp"),
                                        ("llama-2048", 4, 2048, "pure"),
                                        ("gpt-1024", 8, 1024, "pure")):
        lab.attempt(f"compiled block {name} {precision}",
                    lambda: block_row(lab, name, shapes[name], batch, seq, precision, True),
                    lab.deadline - 15)
    for name, precision in (("gpt-1024", "amp"), ("llama-2048", "amp")):
        lab.attempt(f"compiled host {name}",
                    lambda: block_row(lab, name, block_shapes(8)[name], 1, 16, precision, True, True),
                    lab.deadline - 15)
    torch._dynamo.reset()


# ---------------------------------------------------------------------------------------- the host

def host(lab):
    small = torch.randn(64, device=lab.device)

    def launches(count=2000):
        for _ in range(100):
            small.mul_(1.)
        torch.cuda.synchronize()
        clock = time.perf_counter()
        for _ in range(count):
            small.mul_(1.)
        seconds = time.perf_counter() - clock
        torch.cuda.synchronize()
        lab.row("host", "launch", count=count, seconds=seconds / count)

    def graph(count=1000):
        stream = torch.cuda.Stream()
        with torch.cuda.stream(stream):
            small.mul_(1.)
        torch.cuda.synchronize()
        captured = torch.cuda.CUDAGraph()
        with torch.cuda.graph(captured):
            for _ in range(count):
                small.mul_(1.)
        captured.replay()
        torch.cuda.synchronize()
        begin, end = torch.cuda.Event(enable_timing=True), torch.cuda.Event(enable_timing=True)
        begin.record()
        captured.replay()
        end.record()
        torch.cuda.synchronize()
        lab.row("host", "smallest kernel in a graph", count=count, seconds=begin.elapsed_time(end) / 1e3 / count)

    def queued(count=300):
        torch.cuda._sleep(int(.02 * SLEEP_CYCLES_A_SECOND))
        begin, end = torch.cuda.Event(enable_timing=True), torch.cuda.Event(enable_timing=True)
        begin.record()
        for _ in range(count):
            small.mul_(1.)
        end.record()
        torch.cuda.synchronize()
        lab.row("host", "smallest kernel queued", count=count, seconds=begin.elapsed_time(end) / 1e3 / count)

    def linear(precision):
        dtype = torch.float32 if precision == "amp" else torch.bfloat16
        layer = nn.Linear(64, 64, device=lab.device, dtype=dtype)
        x = torch.randn((16, 64), device=lab.device, dtype=dtype, requires_grad=True)
        for count in (50, 500):
            torch.cuda.synchronize()
            y = x
            clock = time.perf_counter()
            with torch.autocast("cuda", torch.bfloat16, enabled=precision == "amp", cache_enabled=False):
                for _ in range(count):
                    y = layer(y)
            middle = time.perf_counter()
            y.sum().backward()
            seconds = time.perf_counter() - middle
        lab.row("host", "linear forward", precision=precision, count=count, seconds=(middle - clock) / count)
        lab.row("host", "linear backward", precision=precision, count=count, seconds=seconds / count)

    lab.attempt("launches", launches)
    lab.attempt("graph", graph)
    lab.attempt("queued kernels", queued)
    lab.attempt("synchronize", lambda: lab.row("host", "launch and wait", **lab.wall(lambda: small.mul_(1.), 200)))
    for precision in ("amp", "pure"):
        lab.attempt("linear", lambda: linear(precision))
        for name in ("gpt-1024", "llama-2048"):
            lab.attempt(f"host {name}",
                        lambda: block_row(lab, name, block_shapes(8)[name], 1, 16, precision, False, True))


# ---------------------------------------------------------------------------------------- optimizers

def optimizers(lab):
    def one(name, precision, hidden, layers):
        dtype = torch.float32 if precision == "fp32" else torch.bfloat16
        with torch.device(lab.device):
            shapes = [(3 * hidden, hidden), (hidden, hidden), (4 * hidden, hidden), (hidden, 4 * hidden),
                      (3 * hidden,), (4 * hidden,)]
            shapes += 6 * [(hidden,)]
            parameters = [nn.Parameter(torch.randn(shape, dtype=dtype) * .02) for _ in range(layers)
                          for shape in shapes]
        for p in parameters:
            p.grad = torch.randn_like(p) * .001
        count = sum(p.numel() for p in parameters)
        common = {"precision": precision, "count": count, "k": hidden, "layers": layers}
        if name == "clip":
            lab.row("optimizer", name, **common, **lab.wall(lambda: nn.utils.clip_grad_norm_(parameters, 1.), 6))
            return
        make = {"fused": lambda: torch.optim.AdamW(parameters, fused=True),
                "foreach": lambda: torch.optim.AdamW(parameters, foreach=True),
                "loop": lambda: torch.optim.AdamW(parameters, foreach=False, fused=False),
                "sgd": lambda: torch.optim.SGD(parameters, lr=1e-3),
                "sgd momentum": lambda: torch.optim.SGD(parameters, lr=1e-3, momentum=.9, fused=True)}[name]()
        lab.row("optimizer", name, **common, **lab.wall(make.step, 6))

    for name in ("fused", "foreach", "sgd", "clip", "loop", "sgd momentum"):
        lab.attempt(f"optimizer {name}", lambda: one(name, "fp32", 2048, 8))
    for name in ("fused", "foreach", "sgd"):
        lab.attempt(f"optimizer {name} bf16", lambda: one(name, "bf16", 2048, 8))
    for name in ("fused", "foreach", "loop"):
        lab.attempt(f"optimizer {name} small", lambda: one(name, "fp32", 256, 12))


# ---------------------------------------------------------------------------------------- host link

def link(lab):
    def one(size, pinned):
        here = torch.empty(size, dtype=torch.uint8, pin_memory=pinned).random_(0, 255) if pinned else torch.randint(0,
                255, (size,), dtype=torch.uint8)
        there = torch.empty(size, dtype=torch.uint8, device=lab.device)
        kept = "" if pinned else " pageable"
        lab.row("link", "host to device" + kept, bytes=size,
                **lab.wall(lambda: there.copy_(here, non_blocking=True), 8))
        lab.row("link", "device to host" + kept, bytes=size,
                **lab.wall(lambda: here.copy_(there, non_blocking=True), 8))

    for exponent in (20, 24, 28):
        lab.attempt(f"link {1 << exponent}", lambda: one(1 << exponent, True))
    lab.attempt("link pageable", lambda: one(1 << 26, False))


# ---------------------------------------------------------------------------------------- power

def power(lab):
    """Steady work for two seconds each; energy from the card's own counter, clocks read all the while."""
    def run(name, precision, step, seconds=2., rest=0., **more):
        if lab.card.joules() is None:
            raise RuntimeError("the driver counts no energy")
        clock = time.perf_counter()
        while step and time.perf_counter() - clock < .7:  # let the clock settle
            for _ in range(4):
                step()
            torch.cuda.synchronize()
        clocks, stop = [], threading.Event()

        def sample():
            while not stop.wait(.02):
                clocks.append(lab.card.clock())

        thread = threading.Thread(target=sample, daemon=True)
        thread.start()
        # The counter moves every 20 to 100 ms; two seconds make that a few per cent at most.
        begin, clock, count = lab.card.joules(), time.perf_counter(), 0
        while time.perf_counter() - clock < seconds:
            if step:
                for _ in range(4):
                    step()
                    count += 1
                torch.cuda.synchronize()
                if rest:
                    time.sleep(rest)
            else:
                time.sleep(.05)
        spent, joules = time.perf_counter() - clock, lab.card.joules() - begin
        stop.set()
        thread.join()
        clocks = [c for c in clocks if c]
        lab.row("power", name, precision=precision, watts=joules / spent, clock_mhz=statistics.mean(clocks)
                if clocks else None,
                seconds=spent / count if count else spent, count=count, **more)

    def product_power(precision, size, rest=0.):
        dtype = torch.float32 if precision in ("tf32", "fp32") else torch.bfloat16
        torch.backends.cuda.matmul.allow_tf32 = precision == "tf32"
        a = torch.randn((size, size), device=lab.device, dtype=dtype)
        b = torch.randn((size, size), device=lab.device, dtype=dtype)
        scale = torch.ones((), device=lab.device)
        if precision == "fp8":
            a, b = a.to(torch.float8_e4m3fn), b.to(torch.float8_e4m3fn)

        def step():
            if precision == "fp8":
                torch._scaled_mm(a, b.t(), scale_a=scale, scale_b=scale, out_dtype=torch.bfloat16, use_fast_accum=True)
            else:
                torch.mm(a, b.t())
        run("product" + (" with rests" if rest else ""), precision, step, rest=rest, m=size, n=size, k=size,
            flop=2 * size ** 3)
        torch.backends.cuda.matmul.allow_tf32 = False

    def copies():
        a = torch.randint(0, 255, (1 << 30,), device=lab.device, dtype=torch.uint8)
        b = torch.empty_like(a)
        run("copy", "", lambda: b.copy_(a), bytes=2 << 30)

    def attention_power():
        use_attention("flash")
        q, k, v = (torch.randn((4, 16, 4096, 128), device=lab.device, dtype=torch.bfloat16) for _ in range(3))
        run("attention flash forward", "bf16", lambda: F.scaled_dot_product_attention(q, k, v, is_causal=True),
            batch=4, heads=16, kv=16, seq=4096, width=128, causal=1, flop=2 * 4 * 16 * 4096 ** 2 * 128)

    def blocks():
        shape = block_shapes(4)["gpt-2048"]
        use_attention("flash")
        with torch.device(lab.device):
            stack = nn.ModuleList(GptBlock(shape, "flash", 2048) for _ in range(4))
        x = torch.randn((4, 2048, 2048), device=lab.device, requires_grad=True)

        def step():
            with torch.autocast("cuda", torch.bfloat16):
                y = x
                for b in stack:
                    y = b(y)
            y.backward(y.detach())
        run("gpt-2048 eager forward and backward", "amp", step, m=8192, n=8192, k=2048, batch=4, heads=16, kv=16,
            seq=2048, width=128, layers=4)

    lab.attempt("power idle", lambda: (torch.cuda.synchronize(), time.sleep(.5), run("idle", "", None, 1.5)))
    lab.attempt("power product", lambda: product_power("bf16", 8192))
    lab.attempt("power product fp8", lambda: product_power("fp8", 8192))
    lab.attempt("power copy", copies)
    lab.attempt("power block", blocks)
    lab.attempt("power product", lambda: product_power("bf16", 2048))
    lab.attempt("power rests", lambda: product_power("bf16", 8192, .004))
    lab.attempt("power attention", attention_power)
    lab.attempt("power tf32", lambda: product_power("tf32", 8192))


# ---------------------------------------------------------------------------------------- several GPUs

COLLECTIVES = ("all-reduce", "all-gather", "reduce-scatter", "all-to-all", "broadcast", "send")


def collectives(lab, rank, world):
    """Every rank calls this; the first one keeps the rows. Groups are the first 2, 4, ... ranks and all."""
    import torch.distributed as dist
    sizes = [r for r in (2, 4, 8) if r < world] + [world]
    groups = {r: dist.new_group(list(range(r))) for r in sizes}
    for ranks in sizes:
        dist.barrier()
        if rank >= ranks:
            continue
        group = groups[ranks]
        for exponent in (14, 16, 18, 20, 22, 24, 26, 28, 30):
            each = (1 << exponent) // 2 // ranks  # elements of a rank; any number of ranks divides the whole
            size = 2 * each * ranks
            if 8 * size > .5 * lab.machine["memory_total"]:  # the same on all ranks: none waits for another
                continue
            whole = torch.randn(each * ranks, device=lab.device).to(torch.bfloat16)
            part = torch.randn(each, device=lab.device).to(torch.bfloat16)
            other = torch.empty_like(whole)
            peer = rank ^ 1
            work = {"all-reduce": lambda: dist.all_reduce(whole, group=group),
                    "all-gather": lambda: dist.all_gather_into_tensor(other, part, group=group),
                    "reduce-scatter": lambda: dist.reduce_scatter_tensor(part, whole, group=group),
                    "all-to-all": lambda: dist.all_to_all_single(other, whole, group=group),
                    "broadcast": lambda: dist.broadcast(whole, 0, group=group),
                    "send": lambda: [r.wait() for r in dist.batch_isend_irecv(
                        [dist.P2POp(dist.isend, whole, peer), dist.P2POp(dist.irecv, other, peer)])]}
            for kind in COLLECTIVES:
                if kind == "send" and (ranks != 2):
                    continue
                lab.progress(f"{kind} of {size} bytes on {ranks}")
                times = 12 if exponent > 24 else 25
                for _ in range(4):
                    work[kind]()
                torch.cuda.synchronize()
                values = []
                for _ in range(times):
                    begin, end = torch.cuda.Event(enable_timing=True), torch.cuda.Event(enable_timing=True)
                    dist.barrier(group=group)
                    begin.record()
                    work[kind]()
                    end.record()
                    torch.cuda.synchronize()
                    values.append(begin.elapsed_time(end) / 1e3)
                # Queued behind one another: what the network takes without the host.
                inner = 10
                begin, end = torch.cuda.Event(enable_timing=True), torch.cuda.Event(enable_timing=True)
                dist.barrier(group=group)
                torch.cuda._sleep(int(.003 * SLEEP_CYCLES_A_SECOND))
                begin.record()
                for _ in range(inner):
                    work[kind]()
                end.record()
                torch.cuda.synchronize()
                queued = begin.elapsed_time(end) / 1e3 / inner
                if rank == 0:
                    seconds, spread = summary(values)
                    lab.row("collective", kind, precision="bf16", bytes=size, ranks=ranks, seconds=seconds,
                            spread=spread)
                    lab.row("collective", kind + " queued", precision="bf16", bytes=size, ranks=ranks, seconds=queued)
            del whole, part, other
            torch.cuda.empty_cache()

    dist.barrier()
    # A product beside an all-reduce: each takes something from the other.
    a, b = (torch.randn((8192, 8192), device=lab.device, dtype=torch.bfloat16) for _ in range(2))
    tensor = torch.randn(1 << 28, device=lab.device).to(torch.bfloat16)

    def timed(with_product, with_reduce):
        values = []
        for _ in range(6):
            begin, middle, end = (torch.cuda.Event(enable_timing=True) for _ in range(3))
            dist.barrier()
            torch.cuda.synchronize()
            torch.cuda._sleep(int(.001 * SLEEP_CYCLES_A_SECOND))
            begin.record()
            work = dist.all_reduce(tensor, async_op=True) if with_reduce else None
            if with_product:
                for _ in range(8):
                    torch.mm(a, b)
            middle.record()
            if work:
                work.wait()
            end.record()
            torch.cuda.synchronize()
            values.append((begin.elapsed_time(middle) / 1e3, begin.elapsed_time(end) / 1e3))
        return [statistics.median(v) for v in zip(*values)]

    alone, reduced = timed(True, False)[0], timed(False, True)[1]
    beside = timed(True, True)
    if rank == 0:
        common = {"ranks": world, "bytes": 1 << 29, "precision": "bf16"}
        lab.row("overlap", "8 products alone", m=8192, n=8192, k=8192, flop=16 * 8192 ** 3, seconds=alone, **common)
        lab.row("overlap", "all-reduce alone", seconds=reduced, **common)
        lab.row("overlap", "8 products beside all-reduce", m=8192, n=8192, k=8192, flop=16 * 8192 ** 3,
                seconds=beside[0], **common)
        lab.row("overlap", "both", seconds=beside[1], **common)


# ---------------------------------------------------------------------------------------- the program

def measure_one(lab):
    lab.row("machine", "memory", memory_bytes=lab.machine["memory_total"])
    try:
        for part in (host, products, attention, passes, optimizers, eager_blocks, grouped, link, power, compiled_blocks):
            start = time.monotonic()
            part(lab)
            lab.row("machine", "measuring " + part.__name__, seconds=time.monotonic() - start)
    except KeyboardInterrupt:
        lab.skipped.append(("the rest", "interrupted"))


def write(lab, path):
    lines = [{**lab.machine, **row} for row in lab.rows]
    with open(path, "w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, COLUMNS + MACHINE, extrasaction="ignore", lineterminator="\n")
        writer.writeheader()
        for line in lines:
            writer.writerow({c: (f"{v:.6g}" if isinstance(v, float) else v) for c, v in line.items() if v is not None})


def rank_main(rank, world, options, rendezvous):
    import torch.distributed as dist
    torch.cuda.set_device(rank)
    if rendezvous:
        dist.init_process_group("nccl", init_method=rendezvous, rank=rank, world_size=world,
                                device_id=torch.device("cuda", rank))
    else:
        dist.init_process_group("nccl", device_id=torch.device("cuda", rank))
    lab = Lab(rank, options.seconds, rank == 0)
    first = dist.get_rank() == 0
    collectives(lab, dist.get_rank(), world)
    torch.cuda.synchronize()
    dist.barrier()
    dist.destroy_process_group()
    if first:
        if not options.collectives_only:
            measure_one(lab)
        finish(lab, options)


def finish(lab, options):
    write(lab, options.out)
    lab.progress("")
    if lab.show:
        sys.stderr.write("\n")
    print(f"{options.out}: {len(lab.rows)} rows of {lab.machine['gpu']} in {time.monotonic() - lab.start:.0f} s; "
          f"{len(lab.skipped)} left out")
    for what, why in lab.skipped:
        print(f"  left out: {what}: {why}")
    print(f"a profile of this machine: speedup calibrate {options.out} > profile.yaml")


def main(arguments=None):
    parser = argparse.ArgumentParser(prog="speedup.measure",
                                     description="Measure this machine's GPUs for speedup's model.")
    parser.add_argument("--out", default="measured.csv", help="the CSV to write (default: %(default)s)")
    parser.add_argument("--seconds", type=float,
                        help="stop taking new measurements after so long (default: 165 for one GPU, 280 for several)")
    parser.add_argument("--gpus", type=int, help="GPUs of this machine to use (default: all)")
    parser.add_argument("--collectives-only", action="store_true",
                        help="several GPUs: measure only what lies between them")
    options = parser.parse_args(arguments)
    if torch is None:
        sys.exit("speedup.measure: needs PyTorch: pip install torch")
    if not torch.cuda.is_available():
        sys.exit("speedup.measure: PyTorch sees no GPU here")
    try:
        with open(options.out, "a", encoding="utf-8"):  # rather now than after three minutes
            pass
    except OSError as error:
        sys.exit(f"speedup.measure: {options.out} cannot be written: {error.strerror}; name another file with --out")
    started = "LOCAL_RANK" in os.environ and int(os.environ.get("WORLD_SIZE", "1")) > 1
    world = int(os.environ["WORLD_SIZE"]) if started else options.gpus or torch.cuda.device_count()
    options.seconds = options.seconds or (165 if world == 1 else 280)
    if started:
        rank_main(int(os.environ["LOCAL_RANK"]), world, options, None)
    elif world > 1:
        with tempfile.TemporaryDirectory() as folder:
            torch.multiprocessing.spawn(rank_main, (world, options, f"file://{folder}/ranks"), nprocs=world)
    else:
        torch.cuda.set_device(0)
        lab = Lab(0, options.seconds, True)
        measure_one(lab)
        finish(lab, options)


if __name__ == "__main__":
    main()
