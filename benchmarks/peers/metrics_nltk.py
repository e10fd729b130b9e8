"""The peer of `metrics`: corpus BLEU and chrF by Debian's python3-nltk, on the same lines. Prints one JSON line, or one with "missing"."""
import json
import sys
import time


def main():
    try:
        import nltk
        from nltk.translate.bleu_score import corpus_bleu
        from nltk.translate.chrf_score import corpus_chrf
    except ImportError:
        print(json.dumps({"missing": "no nltk (Debian, Ubuntu: apt-get install python3-nltk)"}))
        return
    hypothesis_file, reference_file, lines = sys.argv[1], sys.argv[2], int(sys.argv[3])
    hypotheses, references = [open(name, encoding="utf-8", newline="\n").read().split("\n")[:lines] for name in (hypothesis_file, reference_file)]
    # nltk tokenizes nothing by itself: words between white space, outside of what is timed.
    words, wanted = [line.split() for line in hypotheses], [[line.split()] for line in references]
    results = {"nltk": nltk.__version__, "lines": len(hypotheses)}
    begin = time.perf_counter()
    results["bleu"] = 100 * corpus_bleu(wanted, words)
    results["bleu_seconds"] = time.perf_counter() - begin
    begin = time.perf_counter()
    results["chrf"] = 100 * corpus_chrf(references, hypotheses, min_len=1, max_len=6, beta=2.0)
    results["chrf_seconds"] = time.perf_counter() - begin
    print(json.dumps(results))


main()
