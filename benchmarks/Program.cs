using System.CommandLine;
using Microsoft.ML.LlmFineTune.Benchmarks;
using Microsoft.ML.LlmFineTune.Training;

Option<FileInfo> data = new("--data") { Description = "The text; default: ../shared/data/corpora/tinyshakespeare/input.txt beside the checkout.", DefaultValueFactory = _ => new FileInfo(Path.Combine(Directory.GetCurrentDirectory(), "../shared/data/corpora/tinyshakespeare/input.txt")) };
Option<int> steps = new("--steps") { Description = "Optimizer steps of each contestant.", DefaultValueFactory = _ => 2000 };
Option<int> turn = new("--turn") { Description = "Steps that a contestant takes before the other has its turn.", DefaultValueFactory = _ => 100 };
Option<int> seeds = new("--seeds") { Description = "Runs, with seeds 1, 2, ...; losses are averaged.", DefaultValueFactory = _ => 1 };
Option<int?> replicas = new("--replicas") { Description = "Replicas of our model; default: by the library's rule." };
Option<string> python = new("--python") { Description = "The interpreter whose torch or nltk is the peer.", DefaultValueFactory = _ => "/usr/bin/python3" };
Option<TrainingPrecision?> precision = new("--precision") { Description = "In what numbers our model computes: Float32 or BFloat16; default: Float32." };
Option<bool> alone = new("--alone") { Description = "Without the peer." };

Command nanoGpt = new("nanogpt", "nanoGPT's CPU configuration on tinyshakespeare, character by character, beside PyTorch.") { data, steps, turn, seeds, replicas, python, precision, alone };
nanoGpt.SetAction(result => NanoGpt.Run(new NanoGptOptions(
    result.GetValue(data)!, result.GetValue(steps), result.GetValue(turn), result.GetValue(seeds), result.GetValue(replicas), result.GetValue(alone) ? null : result.GetValue(python), result.GetValue(precision))));

Option<DirectoryInfo> sdk = new("--sdk") { Description = "The folder of the .NET SDK whose XML files are trained on; default: the one that runs this.", DefaultValueFactory = _ => new DirectoryInfo(Path.Combine(System.Runtime.InteropServices.RuntimeEnvironment.GetRuntimeDirectory(), "../../..")) };
Option<int> runs = new("--runs") { Description = "Measurements of each contestant; medians count.", DefaultValueFactory = _ => 3 };
Option<string> node = new("--node") { Description = "The Node that runs the peer.", DefaultValueFactory = _ => "node" };
Option<DirectoryInfo?> packages = new("--packages") { Description = "The folder where `npm install tokenizers` was run." };

Command tokenizerTraining = new("tokenizer-training", "A byte-level BPE of 30,000 entries trained on the SDK's documentation, beside the Rust trainer of npm's package tokenizers.") { sdk, runs, node, packages, alone };
tokenizerTraining.SetAction(result => TokenizerTraining.Run(result.GetValue(sdk)!, result.GetValue(runs), result.GetValue(alone) ? null : result.GetValue(node), result.GetValue(packages)));

Option<FileInfo> hypotheses = new("--hypotheses") { Description = "The texts that are scored, one a line; default: a WMT17 system of ../shared beside the checkout.", DefaultValueFactory = _ => new FileInfo(Path.Combine(Directory.GetCurrentDirectory(), "../shared/data/metrics/sacrebleu/wmt17-en-de/uedin-nmt.txt")) };
Option<FileInfo> references = new("--references") { Description = "Their references, one a line; default: those of that system.", DefaultValueFactory = _ => new FileInfo(Path.Combine(Directory.GetCurrentDirectory(), "../shared/data/metrics/sacrebleu/wmt17-en-de/ref.txt")) };
Option<int> repeats = new("--repeats") { Description = "Measurements of which the best counts.", DefaultValueFactory = _ => 5 };
Command metrics = new("metrics", "Corpus BLEU, chrF and ROUGE on WMT17 files, beside nltk.") { hypotheses, references, repeats, python, alone };
metrics.SetAction(result => Metrics.Run(result.GetValue(hypotheses)!, result.GetValue(references)!, result.GetValue(repeats), result.GetValue(alone) ? null : result.GetValue(python)));

Option<FileInfo> corpus = new("--text") { Description = "The text that is encoded; default: WikiText-2's test part of ../shared beside the checkout.", DefaultValueFactory = _ => new FileInfo(Path.Combine(Directory.GetCurrentDirectory(), "../shared/data/corpora/wikitext2/test.txt")) };
Option<DirectoryInfo> tokenizers = new("--tokenizers") { Description = "The folder of GPT-2's, BERT's and T5's files; default: of ../shared beside the checkout.", DefaultValueFactory = _ => new DirectoryInfo(Path.Combine(Directory.GetCurrentDirectory(), "../shared/data/tokenizers")) };
Command tokenizerEncoding = new("tokenizers", "WikiText-2 encoded by lines and as one text, beside the Rust library of npm's package tokenizers.") { corpus, tokenizers, runs, node, packages, alone };
tokenizerEncoding.SetAction(result => TokenizerEncoding.Run(result.GetValue(corpus)!, result.GetValue(tokenizers)!, result.GetValue(runs), result.GetValue(alone) ? null : result.GetValue(node), result.GetValue(packages)));

Option<DirectoryInfo> encoder = new("--model") { Description = "The folder of a BERT without a prefix; default: MiniLM of ../shared beside the checkout.", DefaultValueFactory = _ => new DirectoryInfo(Path.Combine(Directory.GetCurrentDirectory(), "../shared/golden/minilm/model")) };
Option<int> rows = new("--rows") { Description = "Texts that are embedded.", DefaultValueFactory = _ => 512 };
Command scoring = new("scoring", "Sentence embeddings of WikiText-2's lines through MiniLM, beside PyTorch.") { encoder, corpus, rows, runs, python, alone };
scoring.SetAction(result => Scoring.Run(result.GetValue(encoder)!, result.GetValue(corpus)!, result.GetValue(rows), result.GetValue(runs), result.GetValue(alone) ? null : result.GetValue(python)));

Option<int> newTokens = new("--new-tokens") { Description = "Tokens that are generated.", DefaultValueFactory = _ => 64 };
Command decoding = new("decoding", "Cached decoding of GPT-2's published shape, and its share of what the memory's bandwidth allows.") { newTokens, runs };
decoding.SetAction(result => Decoding.Run(result.GetValue(newTokens), result.GetValue(runs)));

Option<double> gigabytes = new("--gigabytes") { Description = "Size of the checkpoint's files.", DefaultValueFactory = _ => 1.1 };
Option<string?> only = new("--only") { Description = "copied or mapped: the cases of one table; default: both." };
Command loading = new("loading", "Memory and time of loading a checkpoint of a gigabyte or more, beside reading its files.") { gigabytes, runs, only };
loading.SetAction(result => Loading.Run(result.GetValue(gigabytes), result.GetValue(runs), result.GetValue(only)));
Option<int> ownSteps = new("--own-steps") { Description = "Steps of the small model; the larger one takes a tenth.", DefaultValueFactory = _ => 1000 };
Option<double> cacheSize = new("--cache-gigabytes") { Description = "Size of the token cache that is written and trained from; 0: none.", DefaultValueFactory = _ => 10 };
Command training = new("training", "The training loop's own share of a step, and memory while training from a corpus larger than memory.") { ownSteps, cacheSize };
training.SetAction(result => Training.Run(result.GetValue(ownSteps), result.GetValue(cacheSize)));

Argument<string> folder = new("folder");
Argument<string> what = new("what");
Command loadingOne = new("loading-one", "One measurement of `loading`.") { folder, what };
loadingOne.Hidden = true;
loadingOne.SetAction(result => Loading.RunOne(result.GetValue(folder)!, result.GetValue(what)!));

Option<int[]> sizes = new("--sizes") { Description = "1, 2, 3 (docs/memory.md says which they are); default: 1 and 2.", AllowMultipleArgumentsPerToken = true, DefaultValueFactory = _ => [1, 2] };
Option<string[]> families = new("--families") { Description = "Families; default: all.", AllowMultipleArgumentsPerToken = true, DefaultValueFactory = _ => MemoryCases.Families };
Option<bool> kept = new("--kept") { Description = "What a forward pass keeps, in place of the highest mark." };
Command memory = new("memory", "Estimated and measured memory of training, family by family.") { sizes, families, kept };
memory.SetAction(result => Memory.Run(result.GetValue(sizes)!, result.GetValue(families)!, result.GetValue(kept)));
Argument<string> family = new("family");
Argument<int> size = new("size");
Argument<string> mode = new("mode");
Option<int> copies = new("--copies") { DefaultValueFactory = _ => 1 };
Command memoryOne = new("memory-one", "One measurement of `memory`.") { family, size, mode, copies };
memoryOne.Hidden = true;
memoryOne.SetAction(result => MemoryCell.Run(result.GetValue(family)!, result.GetValue(size), result.GetValue(mode)!, result.GetValue(copies)));

Option<int> scoredRows = new("--rows") { Description = "Rows that are scored.", DefaultValueFactory = _ => 2048 };
Option<int> scoredWidth = new("--width") { Description = "Numbers of a row.", DefaultValueFactory = _ => 768 };
Option<int> classes = new("--classes") { Description = "Size of the vocabulary.", DefaultValueFactory = _ => 32000 };
Command chunkedScores = new("chunked-scores", "Time of a vocabulary's loss a chunk at a time, beside all scores at once.") { scoredRows, scoredWidth, classes, runs };
chunkedScores.SetAction(result => ChunkedScores.Run(result.GetValue(scoredRows), result.GetValue(scoredWidth), result.GetValue(classes), result.GetValue(runs)));

RootCommand root = new("Benchmarks of Microsoft.ML.LlmFineTune: each prints a table and one JSON line.") { nanoGpt, training, tokenizerEncoding, tokenizerTraining, metrics, scoring, decoding, loading, loadingOne, memory, memoryOne, chunkedScores };
return root.Parse(args).Invoke();
