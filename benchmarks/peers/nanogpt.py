"""nanoGPT's CPU configuration in plain PyTorch: the peer of the nanogpt benchmark.

Called as: nanogpt.py TEXT SEED THREADS. Reads commands from standard input and answers each with a line of JSON:
"steps N" takes N training steps and tells their milliseconds; "finish" tells the loss over the whole validation text and the peak memory.
"""
import ctypes
import json
import math
import sys
import time

try:
    import torch
except ImportError:
    sys.exit(1)
import torch.nn as nn
import torch.nn.functional as F

LAYERS, HEADS, WIDTH, LENGTH, ROWS = 4, 4, 128, 64, 12
PEAK_RATE, LOWEST_RATE, WARMUP, DECAY_STEPS = 1e-3, 1e-4, 100, 2000


class Norm(nn.Module):
    def __init__(self):
        super().__init__()
        self.weight = nn.Parameter(torch.ones(WIDTH))

    def forward(self, x):
        return F.layer_norm(x, self.weight.shape, self.weight, None, 1e-5)


class Attention(nn.Module):
    def __init__(self):
        super().__init__()
        self.inner = nn.Linear(WIDTH, 3 * WIDTH, bias=False)
        self.outer = nn.Linear(WIDTH, WIDTH, bias=False)
        self.register_buffer("visible", torch.tril(torch.ones(LENGTH, LENGTH)).bool().view(1, 1, LENGTH, LENGTH))

    def forward(self, x):
        batch, length, width = x.shape
        query, key, value = (part.view(batch, length, HEADS, width // HEADS).transpose(1, 2) for part in self.inner(x).split(width, dim=2))
        if hasattr(F, "scaled_dot_product_attention"):
            mixed = F.scaled_dot_product_attention(query, key, value, is_causal=True)
        else:
            scores = (query @ key.transpose(-2, -1)) * (1.0 / math.sqrt(width // HEADS))
            scores = scores.masked_fill(~self.visible[:, :, :length, :length], float("-inf"))
            mixed = F.softmax(scores, dim=-1) @ value
        return self.outer(mixed.transpose(1, 2).contiguous().view(batch, length, width))


class Block(nn.Module):
    def __init__(self):
        super().__init__()
        self.before_attention, self.attention, self.before_mlp = Norm(), Attention(), Norm()
        self.up = nn.Linear(WIDTH, 4 * WIDTH, bias=False)
        self.down = nn.Linear(4 * WIDTH, WIDTH, bias=False)

    def forward(self, x):
        x = x + self.attention(self.before_attention(x))
        return x + self.down(F.gelu(self.up(self.before_mlp(x))))


class Model(nn.Module):
    def __init__(self, vocabulary):
        super().__init__()
        self.tokens, self.positions = nn.Embedding(vocabulary, WIDTH), nn.Embedding(LENGTH, WIDTH)
        self.blocks = nn.ModuleList(Block() for _ in range(LAYERS))
        self.last = Norm()
        for name, parameter in self.named_parameters():
            if parameter.dim() >= 2:
                residual = name.endswith(("outer.weight", "down.weight"))
                nn.init.normal_(parameter, std=0.02 / math.sqrt(2 * LAYERS) if residual else 0.02)

    def forward(self, ids, targets, reduction="mean"):
        x = self.tokens(ids) + self.positions(torch.arange(ids.shape[1]))
        for block in self.blocks:
            x = block(x)
        logits = F.linear(self.last(x), self.tokens.weight)
        return F.cross_entropy(logits.view(-1, logits.shape[-1]), targets.reshape(-1), ignore_index=-100, reduction=reduction)


def blas():
    try:
        library = ctypes.CDLL("libopenblas.so.0", mode=4)  # RTLD_NOLOAD: only one that is there already
        library.openblas_get_corename.restype = ctypes.c_char_p
        return "OpenBLAS kernels %s, threads by %s" % (library.openblas_get_corename().decode(), {1: "pthread", 2: "openmp"}.get(library.openblas_get_parallel(), "none"))
    except (OSError, AttributeError):
        return "BLAS unknown"


def answer(**values):
    print(json.dumps(values), flush=True)


def main():
    path, seed, threads = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
    torch.set_num_threads(threads)
    torch.manual_seed(seed)
    text = open(path, encoding="utf-8", newline="").read()
    number = {character: i for i, character in enumerate(sorted(set(text)))}
    data = torch.tensor([number[character] for character in text])
    cut = int(len(data) * 0.9)
    train, validation = data[:cut], data[cut:]
    model = Model(len(number))
    groups = [
        {"params": [p for p in model.parameters() if p.dim() >= 2], "weight_decay": 0.1},
        {"params": [p for p in model.parameters() if p.dim() < 2], "weight_decay": 0.0},
    ]
    optimizer = torch.optim.AdamW(groups, lr=PEAK_RATE, betas=(0.9, 0.99))
    answer(details="torch %s, %d threads, %s" % (torch.__version__, torch.get_num_threads(), blas()))

    def rate(step):
        if step < WARMUP:
            return PEAK_RATE * step / WARMUP
        return LOWEST_RATE + (PEAK_RATE - LOWEST_RATE) * 0.5 * (1 + math.cos(math.pi * (step - WARMUP) / (DECAY_STEPS - WARMUP)))

    def step(number_of_step):
        starts = torch.randint(len(train) - LENGTH, (ROWS,))
        ids = torch.stack([train[i:i + LENGTH] for i in starts])
        targets = torch.stack([train[i + 1:i + 1 + LENGTH] for i in starts])
        for group in optimizer.param_groups:
            group["lr"] = rate(number_of_step)
        loss = model(ids, targets)
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        optimizer.zero_grad(set_to_none=True)
        return loss.item()

    def validate():
        total, windows = 0.0, range(0, len(validation) - 1, LENGTH)
        with torch.no_grad():
            for wanted in windows:
                start = min(wanted, len(validation) - 1 - LENGTH)
                targets = validation[start + 1:start + 1 + LENGTH].clone()
                targets[:wanted - start] = -100
                total += model(validation[start:start + LENGTH].unsqueeze(0), targets, "sum").item()
        return total / (len(validation) - 1)

    taken = 0
    for line in sys.stdin:
        command = line.split()
        if command[0] == "steps":
            milliseconds, processor = [], time.process_time()
            for _ in range(int(command[1])):
                began = time.perf_counter()
                step(taken)
                milliseconds.append((time.perf_counter() - began) * 1000)
                taken += 1
            answer(milliseconds=milliseconds, processor_milliseconds=(time.process_time() - processor) * 1000)
        elif command[0] == "finish":
            peak = [int(entry.split()[1]) * 1024 for entry in open("/proc/self/status") if entry.startswith("VmHWM:")]
            answer(validation_loss=validate(), peak_bytes=peak[0] if peak else 0)


main()
