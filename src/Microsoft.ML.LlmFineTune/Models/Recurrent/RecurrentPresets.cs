using Microsoft.ML.LlmFineTune.Kernels;

namespace Microsoft.ML.LlmFineTune.Models.Recurrent;

/// <summary>Shapes that have proved themselves.</summary>
public static class RecurrentPresets
{
    /// <summary>For pretraining in minutes on two cores: an LSTM of 2 layers, embedding and states 128 wide, tied, a little dropout (0.3 million weights besides the embedding).</summary>
    /// <param name="vocabularySize">Entries of the tokenizer.</param>
    public static RecurrentConfig Lstm(int vocabularySize) => new()
    {
        VocabularySize = vocabularySize, EmbeddingWidth = 128, HiddenWidth = 128, Layers = 2, TieEmbeddings = true, MaximumLength = 128,
        InputDropout = 0.1, HiddenDropout = 0.1, OutputDropout = 0.1,
    };

    /// <summary><see cref="Lstm"/> with gated recurrent units.</summary>
    /// <param name="vocabularySize">Entries of the tokenizer.</param>
    public static RecurrentConfig Gru(int vocabularySize) => Lstm(vocabularySize) with { Cell = RecurrentCell.Gru };

    /// <summary><see cref="Lstm"/> with plain tanh cells.</summary>
    /// <param name="vocabularySize">Entries of the tokenizer.</param>
    public static RecurrentConfig Rnn(int vocabularySize) => Lstm(vocabularySize) with { Cell = RecurrentCell.Tanh };

    /// <summary>
    /// AWD-LSTM as published for Penn Treebank (Merity, Keskar, Socher, 2017): 3 layers of 1,150, tied embedding of 400, weight drop 0.5, dropout 0.4 on the input,
    /// 0.3 between layers, 0.4 on the output, 0.1 on words; pieces of 70 tokens.
    /// </summary>
    /// <param name="vocabularySize">Entries of the tokenizer.</param>
    public static RecurrentConfig AwdLstm(int vocabularySize) => new()
    {
        VocabularySize = vocabularySize, EmbeddingWidth = 400, HiddenWidth = 1150, Layers = 3, TieEmbeddings = true, MaximumLength = 70,
        WeightDrop = 0.5, InputDropout = 0.4, HiddenDropout = 0.3, OutputDropout = 0.4, EmbeddingDropout = 0.1,
    };

    /// <summary>A text classifier to be trained from scratch: an LSTM of one layer that reads both ways, embedding and states 128 wide.</summary>
    /// <param name="vocabularySize">Entries of the tokenizer.</param>
    /// <param name="padding">Id of the padding token; null for none.</param>
    public static RecurrentConfig Classifier(int vocabularySize, int? padding = null) => new()
    {
        IsLanguageModel = false, IsBidirectional = true, VocabularySize = vocabularySize, EmbeddingWidth = 128, HiddenWidth = 128, Layers = 1, PaddingIndex = padding, Padding = padding,
        InputDropout = 0.3, OutputDropout = 0.3,
    };
}
