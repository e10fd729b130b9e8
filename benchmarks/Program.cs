using System.CommandLine;
using Microsoft.ML.LlmFineTune.Benchmarks;

Option<FileInfo> data = new("--data") { Description = "The text; default: ../shared/data/corpora/tinyshakespeare/input.txt beside the checkout.", DefaultValueFactory = _ => new FileInfo(Path.Combine(Directory.GetCurrentDirectory(), "../shared/data/corpora/tinyshakespeare/input.txt")) };
Option<int> steps = new("--steps") { Description = "Optimizer steps of each contestant.", DefaultValueFactory = _ => 2000 };
Option<int> turn = new("--turn") { Description = "Steps that a contestant takes before the other has its turn.", DefaultValueFactory = _ => 100 };
Option<int> seeds = new("--seeds") { Description = "Runs, with seeds 1, 2, ...; losses are averaged.", DefaultValueFactory = _ => 1 };
Option<int?> replicas = new("--replicas") { Description = "Replicas of our model; default: by the library's rule." };
Option<string> python = new("--python") { Description = "The interpreter whose torch or nltk is the peer.", DefaultValueFactory = _ => "/usr/bin/python3" };
Option<bool> alone = new("--alone") { Description = "Without the peer." };

Command nanoGpt = new("nanogpt", "nanoGPT's CPU configuration on tinyshakespeare, character by character, beside PyTorch.") { data, steps, turn, seeds, replicas, python, alone };
nanoGpt.SetAction(result => NanoGpt.Run(new NanoGptOptions(
    result.GetValue(data)!, result.GetValue(steps), result.GetValue(turn), result.GetValue(seeds), result.GetValue(replicas), result.GetValue(alone) ? null : result.GetValue(python))));
Option<FileInfo> hypotheses = new("--hypotheses") { Description = "The texts that are scored, one a line; default: a WMT17 system of ../shared beside the checkout.", DefaultValueFactory = _ => new FileInfo(Path.Combine(Directory.GetCurrentDirectory(), "../shared/data/metrics/sacrebleu/wmt17-en-de/uedin-nmt.txt")) };
Option<FileInfo> references = new("--references") { Description = "Their references, one a line; default: those of that system.", DefaultValueFactory = _ => new FileInfo(Path.Combine(Directory.GetCurrentDirectory(), "../shared/data/metrics/sacrebleu/wmt17-en-de/ref.txt")) };
Option<int> repeats = new("--repeats") { Description = "Measurements of which the best counts.", DefaultValueFactory = _ => 5 };
Command metrics = new("metrics", "Corpus BLEU, chrF and ROUGE on WMT17 files, beside nltk.") { hypotheses, references, repeats, python, alone };
metrics.SetAction(result => Metrics.Run(result.GetValue(hypotheses)!, result.GetValue(references)!, result.GetValue(repeats), result.GetValue(alone) ? null : result.GetValue(python)));

RootCommand root = new("Benchmarks of Microsoft.ML.LlmFineTune: each prints a table and one JSON line.") { nanoGpt, metrics };
return root.Parse(args).Invoke();
