using Microsoft.ML.LlmFineTune.Runtime;

namespace Microsoft.ML.LlmFineTune.Tokenization;

/// <summary>
/// Makes tokenizers of single files in other formats than <c>tokenizer.json</c>. What comes out can be saved as one. For a folder of Hugging Face's hub there is <see cref="HuggingFaceTokenizerFiles"/>, for a rank file of tiktoken <see cref="TiktokenEncoding"/>.
/// </summary>
public static class TokenizerFiles
{
    /// <summary>Reads a SentencePiece <c>.model</c> by the rules of a model family.</summary>
    /// <param name="path">The file.</param>
    /// <param name="config">Its <c>tokenizer_config.json</c>: the class names the family, which decides over ids and the tokens around a text; null, or a class without rules of its own: ids as in the model, nothing around a text.</param>
    /// <exception cref="InvalidDataException">The file is damaged, or lacks what its family needs; the message names the file and the place.</exception>
    /// <exception cref="NotSupportedException">It is of a kind or a family that is not known here; the message names it.</exception>
    public static TokenizerModel LoadSentencePiece(string path, TokenizerConfig? config = null) =>
        HuggingFaceTokenizerFiles.Read(Require.Text(path), () => SentencePieceFamilies.ToTokenizerJson(SentencePieceModel.Load(path), config ?? new()));

    /// <summary>Reads the vocabulary of a GGUF file. The file's weights are not touched.</summary>
    /// <exception cref="InvalidDataException">The file is damaged; the message names the file and the place.</exception>
    /// <exception cref="NotSupportedException">Its version, its kind of vocabulary or its pre-tokenizer is not known here; the message names it.</exception>
    public static TokenizerModel LoadGguf(string path) => HuggingFaceTokenizerFiles.Read(Require.Text(path), () => GgufVocabulary.Load(path).ToTokenizerJson());

    /// <summary>What the metadata of a GGUF file say of special tokens and of the chat template.</summary>
    /// <exception cref="InvalidDataException">The file is damaged; the message names the file and the place.</exception>
    /// <exception cref="NotSupportedException">Its version is not known here.</exception>
    public static TokenizerConfig LoadGgufConfig(string path) => GgufVocabulary.Load(Require.Text(path)).Config();

    /// <summary>Reads a WordPiece <c>vocab.txt</c>, as BERT's.</summary>
    /// <param name="path">The file: a token a line, its number from 0 is its id.</param>
    /// <param name="config">Its <c>tokenizer_config.json</c>; null: BERT's, lower-cased.</param>
    /// <exception cref="InvalidDataException">The file is damaged, or lacks BERT's special tokens; the message names the file and the place.</exception>
    public static TokenizerModel LoadVocabulary(string path, TokenizerConfig? config = null) => HuggingFaceTokenizerFiles.Read(Require.Text(path), () => VocabularyFiles.Bert(VocabularyFiles.ReadLines(path), config ?? new()));

    /// <summary>Reads a <c>vocab.json</c> and its <c>merges.txt</c>, as GPT-2's.</summary>
    /// <param name="vocabularyPath">The file of tokens and ids.</param>
    /// <param name="mergesPath">The file of merges, one a line.</param>
    /// <param name="config">Their <c>tokenizer_config.json</c>: the class names the family (RoBERTa, CLIP, Qwen2 ...); null: GPT-2's.</param>
    /// <exception cref="InvalidDataException">A file is damaged; the message names the file and the place.</exception>
    public static TokenizerModel LoadVocabularyAndMerges(string vocabularyPath, string mergesPath, TokenizerConfig? config = null)
    {
        Require.Text(mergesPath);
        Require.Text(vocabularyPath);
        return HuggingFaceTokenizerFiles.Read($"{vocabularyPath} with {mergesPath}", () => VocabularyFiles.Bpe(VocabularyFiles.ReadObject(vocabularyPath), VocabularyFiles.ReadMerges(mergesPath), config ?? new()));
    }
}
