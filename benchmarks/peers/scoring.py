"""Sentence embeddings of a BERT written out in plain PyTorch: the peer of the scoring benchmark.

Called as: scoring.py FOLDER BATCHES THREADS. FOLDER has config.json and model.safetensors of a BERT without a prefix; BATCHES is a JSON file {"NAME": [[[id, ...], ...], ...]}:
batches of rows of tokens. Reads commands from standard input and answers each with a line of JSON: "score NAME" embeds every batch of that name and tells the milliseconds and
the sum of all numbers, "rows NAME" gives the first row's embedding.
"""
import ctypes
import json
import math
import struct
import sys
import time

try:
    import torch
except ImportError:
    sys.exit(1)
import torch.nn.functional as F


def blas():
    try:
        library = ctypes.CDLL("libopenblas.so.0", mode=4)  # RTLD_NOLOAD: only one that is there already
        library.openblas_get_corename.restype = ctypes.c_char_p
        return "OpenBLAS kernels %s, threads by %s" % (library.openblas_get_corename().decode(), {1: "pthread", 2: "openmp"}.get(library.openblas_get_parallel(), "none"))
    except (OSError, AttributeError):
        return "BLAS unknown"


def read_weights(path):
    types = {"F16": torch.float16, "BF16": torch.bfloat16, "F32": torch.float32}
    with open(path, "rb") as file:
        header = json.loads(file.read(struct.unpack("<Q", file.read(8))[0]))
        data = file.read()
    weights = {}
    for name, entry in header.items():
        if name == "__metadata__" or entry["dtype"] not in types:
            continue
        begin, end = entry["data_offsets"]
        weights[name] = torch.frombuffer(bytearray(data[begin:end]), dtype=types[entry["dtype"]]).view(entry["shape"]).float()
    return weights


def main():
    folder, batches, threads = sys.argv[1], json.load(open(sys.argv[2])), int(sys.argv[3])
    torch.set_num_threads(threads)
    config, weights = json.load(open(folder + "/config.json")), read_weights(folder + "/model.safetensors")
    layers, heads, width, epsilon = config["num_hidden_layers"], config["num_attention_heads"], config["hidden_size"], config["layer_norm_eps"]

    def norm(x, name):
        return F.layer_norm(x, (width,), weights[name + ".weight"], weights[name + ".bias"], epsilon)

    def linear(x, name):
        return F.linear(x, weights[name + ".weight"], weights[name + ".bias"])

    def embed(rows):
        length = max(len(row) for row in rows)
        ids = torch.tensor([row + [0] * (length - len(row)) for row in rows])
        mask = torch.tensor([[1.0] * len(row) + [0.0] * (length - len(row)) for row in rows])
        bias = None if all(len(row) == length for row in rows) else ((1.0 - mask) * torch.finfo(torch.float32).min)[:, None, None, :]
        x = F.embedding(ids, weights["embeddings.word_embeddings.weight"]) + weights["embeddings.position_embeddings.weight"][:length] + weights["embeddings.token_type_embeddings.weight"][0]
        x = norm(x, "embeddings.LayerNorm")
        for layer in range(layers):
            at = "encoder.layer.%d." % layer
            query, key, value = (linear(x, at + "attention.self." + part).view(len(rows), length, heads, width // heads).transpose(1, 2) for part in ("query", "key", "value"))
            if hasattr(F, "scaled_dot_product_attention"):
                mixed = F.scaled_dot_product_attention(query, key, value, attn_mask=bias)
            else:
                scores = (query @ key.transpose(-2, -1)) / math.sqrt(width // heads)
                if bias is not None:
                    scores = scores + bias
                mixed = F.softmax(scores, dim=-1) @ value
            mixed = mixed.transpose(1, 2).reshape(len(rows), length, width)
            x = norm(x + linear(mixed, at + "attention.output.dense"), at + "attention.output.LayerNorm")
            x = norm(x + linear(F.gelu(linear(x, at + "intermediate.dense")), at + "output.dense"), at + "output.LayerNorm")
        x = (x * mask[:, :, None]).sum(1) / mask.sum(1, keepdim=True)
        return F.normalize(x)

    def answer(**values):
        print(json.dumps(values), flush=True)

    answer(details="torch %s, %d threads, %s" % (torch.__version__, torch.get_num_threads(), blas()))
    with torch.no_grad():
        for line in sys.stdin:
            command, name = line.split()
            if command == "rows":
                answer(row=embed(batches[name][0])[0].tolist())
                continue
            start, total = time.perf_counter(), 0.0
            for batch in batches[name]:
                total += embed(batch).sum().item()
            answer(milliseconds=(time.perf_counter() - start) * 1000, sum=total)


main()
