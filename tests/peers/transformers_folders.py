"""Loads folders that the library wrote with transformers (and tokenizers, safetensors, peft) and compares what they compute with what the library computed.

Called as: transformers_folders.py FOLDER [--only TEXT]. FOLDER is what `Golden --write-folders` wrote: model folders at any depth, each with an exchange.json and, where there are
numbers to compare, an exchange.safetensors ("inputs.NAME", "expected.NAME"). Prints a line a folder and "N passed, N failed, N skipped"; ends with 1 where one failed.
Where transformers cannot be imported, everything counts as skipped.
"""
import argparse
import glob
import json
import logging
import os
import re
import sys
import tempfile
import warnings

os.environ.setdefault("HF_HUB_OFFLINE", "1")
os.environ.setdefault("TRANSFORMERS_NO_ADVISORY_WARNINGS", "1")
try:
    import torch
    import transformers
    from safetensors.torch import load_file
except ImportError as error:
    print("transformers is not here (%s); nothing was loaded.\n0 passed, 0 failed, 0 skipped" % error)
    sys.exit(0)
try:
    import peft
except ImportError:
    peft = None

ENDINGS = [
    ("ForSequenceClassification", "AutoModelForSequenceClassification"), ("ForTokenClassification", "AutoModelForTokenClassification"), ("ForQuestionAnswering", "AutoModelForQuestionAnswering"),
    ("ForMultipleChoice", "AutoModelForMultipleChoice"), ("ForMaskedLM", "AutoModelForMaskedLM"), ("ForPreTraining", "AutoModelForPreTraining"), ("ForConditionalGeneration", "AutoModelForSeq2SeqLM"),
    ("MTModel", "AutoModelForSeq2SeqLM"), ("ForCausalLM", "AutoModelForCausalLM"), ("LMHeadModel", "AutoModelForCausalLM"),
]
TOLERANCE = 1e-4
LOSS_TOLERANCE = 1e-5


class Skipped(Exception):
    pass


class Log(logging.Handler):
    """Warnings of transformers, whose texts say what was not in the file."""

    def __init__(self):
        super().__init__(logging.WARNING)
        self.lines = []

    def emit(self, record):
        self.lines.append(record.getMessage())


class Case:
    def __init__(self, folder, log):
        self.folder, self.log = folder, log
        self.known = json.load(open(os.path.join(folder, "exchange.json"), encoding="utf-8"))
        self.config = json.load(open(os.path.join(folder, "config.json"), encoding="utf-8"))
        path = os.path.join(folder, "exchange.safetensors")
        tensors = load_file(path) if os.path.exists(path) else {}
        self.inputs = {name[7:]: value for name, value in tensors.items() if name.startswith("inputs.")}
        self.expected = {name[9:]: value for name, value in tensors.items() if name.startswith("expected.")}
        self.differences, self.notes = {}, []

    def require(self, holds, message):
        if not holds:
            raise AssertionError(message)

    def check(self):
        architecture = self.config["architectures"][0]
        if "shapes" in self.known:
            self.check_shapes(architecture)
            return
        model = self.load(architecture)
        if "adapter" in self.known:
            model = self.adapted(model)
        if self.expected:
            self.check_outputs(model, architecture)
        if os.path.exists(os.path.join(self.folder, "generation_config.json")):
            transformers.GenerationConfig.from_pretrained(self.folder)
        if "adapter" not in self.known:
            self.check_generation()
        if "texts" in self.known:
            self.check_tokenizer()

    def load(self, architecture):
        if not hasattr(transformers, architecture):
            raise Skipped("transformers has no %s" % architecture)
        # AutoModel makes a whole T5 even of its encoder's own folders.
        automatic = "T5EncoderModel" if architecture == "T5EncoderModel" else next((name for ending, name in ENDINGS if architecture.endswith(ending)), "AutoModel")
        auto, stored = getattr(transformers, automatic), self.config["dtype"]
        self.log.lines.clear()
        model, info = auto.from_pretrained(self.folder, output_loading_info=True, dtype="auto", attn_implementation="eager")
        self.require(type(model).__name__ == architecture, "loaded as %s, written as %s" % (type(model).__name__, architecture))
        missing, unexpected = set(info["missing_keys"]), set(info["unexpected_keys"])
        # A bare encoder has no pooler unless it came with one, and transformers makes one up, which the hidden states do not see.
        without_pooler = architecture.endswith("Model") and missing and all(name.startswith("pooler.") for name in missing)
        # transformers has no class for this head, whose weights published checkpoints hold as well.
        beside = architecture == "DebertaV2Model" and unexpected and all(name.startswith("mask_predictions.") for name in unexpected)
        if without_pooler:
            self.notes.append("no pooler")
        elif missing:
            raise AssertionError("missing: %s" % sorted(missing))
        if beside:
            self.notes.append("replaced-token head passed over")
        elif unexpected:
            raise AssertionError("unexpected: %s" % sorted(unexpected))
        self.require(not info["mismatched_keys"] and not info["error_msgs"], "mismatched: %s %s" % (info["mismatched_keys"], info["error_msgs"]))
        warned = [line for line in self.log.lines if re.search("MISSING|UNEXPECTED|MISMATCH|initialized|not used", line)]
        self.require(not warned or without_pooler or beside, "warned: %s" % " | ".join(warned))
        kept = tuple(getattr(model, "_keep_in_fp32_modules", None) or ())
        self.require(all(str(value.dtype) == "torch." + stored or any(part in name for part in kept) for name, value in model.named_parameters()), "weights of other types than %s" % stored)
        # Numbers are compared in float32, buffers included, which a model of half precision rounds.
        return model.eval() if stored == "float32" else auto.from_pretrained(self.folder, dtype=torch.float32, attn_implementation="eager").eval()

    def adapted(self, model):
        if peft is None:
            raise Skipped("peft is not here")
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            adapted = peft.PeftModel.from_pretrained(model, os.path.join(self.folder, self.known["adapter"]))
        told = [str(warning.message) for warning in caught if re.search("missing|unexpected", str(warning.message), re.I)]
        self.require(not told, "peft warned: %s" % " | ".join(told))
        return adapted.eval()

    def fault_of_transformers(self):
        """What transformers answers where it loads and asks a model that it has made and saved itself of the same configuration; None where that goes well."""
        try:
            kind = getattr(transformers, self.config["architectures"][0])
            with tempfile.TemporaryDirectory() as folder:
                kind(transformers.AutoConfig.from_pretrained(self.folder)).save_pretrained(folder)
                with torch.no_grad():
                    kind.from_pretrained(folder)(**{name: value for name, value in self.inputs.items() if not name.startswith("generation.")})
        except Exception as error:
            return "%s: %s" % (type(error).__name__, error)
        return None

    def check_outputs(self, model, architecture):
        batch = {name: value for name, value in self.inputs.items() if not name.startswith("generation.")}
        if "loss" not in self.expected or architecture.endswith("Model") and not architecture.endswith(("LMHeadModel", "MTModel")):
            batch = {name: value for name, value in batch.items() if name not in ("labels", "start_positions", "end_positions")}
        if self.known.get("adapter") is None:
            batch["output_hidden_states"] = True
        with torch.no_grad():
            outputs = model(**batch)
        mask = self.inputs["attention_mask"].bool()
        states = getattr(outputs, "decoder_hidden_states", None) or getattr(outputs, "hidden_states", None)
        is_seq2seq = getattr(outputs, "encoder_last_hidden_state", None) is not None
        for name, expected in sorted(self.expected.items()):
            if name in ("loss", "pooler_output") and name not in outputs:
                continue  # the fixtures' own measure of a bare model; what is inside of a model with a head
            part, _, number = name.partition(".")
            if number:
                actual = (outputs.encoder_hidden_states if part.startswith("encoder_") else states)[int(number)]
            else:
                actual = outputs[name]
            self.require(tuple(actual.shape) == tuple(expected.shape), "%s is %s, expected %s" % (name, tuple(actual.shape), tuple(expected.shape)))
            difference = (actual.float() - expected.float()).abs()
            # Rows of several choices are the batch's, flattened; what stands at padding means nothing.
            flat = mask.reshape(-1, mask.shape[-1])
            if (not is_seq2seq or part.startswith("encoder_")) and difference.dim() > 1 and tuple(difference.shape[:2]) == tuple(flat.shape):
                difference = difference[flat]
            self.differences[part] = max(self.differences.get(part, 0), difference.max().item())
            tolerance = LOSS_TOLERANCE * max(1, abs(expected.item())) if name == "loss" else TOLERANCE
            self.require(difference.max().item() <= tolerance, "%s differs by %.3g" % (name, difference.max().item()))

    def check_generation(self):
        records = [record for record in self.known.get("generation", []) if record["prompt"] == "batch"]
        if not records:
            return
        here, differing = self.generated(self.folder, records), []
        for record, sequences in zip(records, here):
            ends = record["eos_token_id"] if isinstance(record["eos_token_id"], list) else [record["eos_token_id"]]
            # After a row's end beams are filled up differently by different versions.
            if any(self.cut(actual, record["prompt_length"], ends) != self.cut(expected, record["prompt_length"], ends) for actual, expected in zip(sequences, record["sequences"])):
                differing.append(record["name"])
        if differing:
            # The recorded ids are of another version of transformers: what does this one make of the reference's own folder?
            self.require(os.path.isdir(self.known["origin"]) and self.generated(self.known["origin"], records) == here, "generations differ: %s" % differing)
        self.notes.append("%d generations%s" % (len(records), ", %d of them only as this version generates from the reference's own folder" % len(differing) if differing else ""))

    def generated(self, folder, records):
        auto = transformers.AutoModelForSeq2SeqLM if self.config.get("is_encoder_decoder") else transformers.AutoModelForCausalLM
        model = auto.from_pretrained(folder, attn_implementation="eager").eval()
        prefix = "generation." if "generation.input_ids" in self.inputs else ""
        tokens, mask = self.inputs[prefix + "input_ids"], self.inputs[prefix + "attention_mask"]
        return [model.generate(input_ids=tokens, attention_mask=mask, do_sample=False, eos_token_id=record["eos_token_id"], pad_token_id=record["pad_token_id"], **record["kwargs"]).tolist() for record in records]

    @staticmethod
    def cut(row, start, ends):
        stop = next((place for place in range(start, len(row)) if row[place] in ends), len(row))
        return row[:stop + 1]

    def check_tokenizer(self):
        self.log.lines.clear()
        tokenizer = transformers.AutoTokenizer.from_pretrained(self.folder)
        self.require(not self.log.lines, "tokenizer warned: %s" % " | ".join(self.log.lines))
        for text, ids, decoded in zip(self.known["texts"], self.known["ids"], self.known["decoded"]):
            actual = tokenizer(text)["input_ids"]
            self.require(actual == ids, "ids of %r: %s, expected %s" % (text, actual, ids))
            back = tokenizer.decode(ids, skip_special_tokens=True, clean_up_tokenization_spaces=False)
            self.require(back == decoded, "text %r, expected %r" % (back, decoded))
        self.notes.append("tokenizer (%s)" % type(tokenizer).__name__)

    def check_shapes(self, architecture):
        config = transformers.AutoConfig.from_pretrained(self.folder)
        with torch.device("meta"):
            model = getattr(transformers, architecture)(config)
        ours = {name: tuple(shape) for name, shape in self.known["shapes"].items()}
        theirs = {name: tuple(value.shape) for name, value in model.state_dict().items()}
        for tied in getattr(model, "all_tied_weights_keys", None) or getattr(model, "_tied_weights_keys", None) or ():
            if tied not in ours:  # what is called tied is untied by a tensor of its own
                theirs.pop(tied, None)
        different = sorted(set(ours.items()) ^ set(theirs.items()))
        self.require(not different, "tensors differ: %s" % different[:6])
        self.notes.append("%d tensors" % len(ours))


def main():
    options = argparse.ArgumentParser()
    options.add_argument("folder")
    options.add_argument("--only", default="")
    options = options.parse_args()
    log = Log()
    transformers.utils.logging.set_verbosity_warning()
    transformers.utils.logging.disable_default_handler()
    transformers.utils.logging.disable_progress_bar()
    logging.getLogger("transformers").addHandler(log)
    torch.set_num_threads(2)
    print("transformers %s, torch %s, peft %s, Python %s" % (transformers.__version__, torch.__version__, peft.__version__ if peft else "missing", sys.version.split()[0]))
    passed = failed = skipped = 0
    for path in sorted(glob.glob(os.path.join(options.folder, "**", "exchange.json"), recursive=True)):
        folder = os.path.dirname(path)
        name = os.path.relpath(folder, options.folder)
        if options.only not in name:
            continue
        try:
            case = Case(folder, log)
            case.check()
        except Skipped as reason:
            skipped += 1
            print("skipped  %s: %s" % (name, reason))
            continue
        except Exception as error:
            own = case.fault_of_transformers() if case.inputs else None
            if own:
                skipped += 1
                print("skipped  %s: not what transformers saves itself either (%s)" % (name, own[:200]))
                continue
            failed += 1
            print("FAILED   %s: %s: %s" % (name, type(error).__name__, str(error).replace("\n", " ")[:600]))
            continue
        passed += 1
        print("passed   %s: %s" % (name, ", ".join(["%s %.1e" % entry for entry in case.differences.items()] + case.notes) or "loaded"))
    print("%d passed, %d failed, %d skipped" % (passed, failed, skipped))
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
