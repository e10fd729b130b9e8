using Microsoft.ML.LlmFineTune.Models;

namespace Microsoft.ML.LlmFineTune.Generation.Strategies;

/// <summary>What generation asks of a model, of whatever kind.</summary>
internal interface IGenerativeModel
{
    /// <summary>The model itself.</summary>
    BackboneModel Model { get; }

    /// <summary>Positions that a text may take.</summary>
    int Positions { get; }

    /// <summary>The model as generation sees it.</summary>
    /// <exception cref="ArgumentException">It writes no texts.</exception>
    static IGenerativeModel Of(BackboneModel model) => model switch
    {
        DecoderModel decoder => new GenerativeDecoder(decoder),
        EncoderDecoderModel encoderDecoder => new GenerativeEncoderDecoder(encoderDecoder),
        _ => throw new ArgumentException($"Texts are written by decoders and encoder-decoders; a {model.Config.Family} reads them. Take a model of another family.", nameof(model)),
    };

    /// <summary>What the texts of a prompt begin with.</summary>
    /// <param name="index">Number of the prompt in its batch.</param>
    /// <param name="tokens">The prompt, at least one token.</param>
    /// <param name="options">The options.</param>
    DecodingPrompt Begin(int index, IReadOnlyList<int> tokens, GenerationOptions options);

    /// <summary>Puts rows in front of the model.</summary>
    /// <param name="prompts">What they begin with, one a row.</param>
    /// <param name="capacity">Positions that are kept in memory, if the model has as many.</param>
    /// <param name="useCache">Whether anything is kept in memory.</param>
    DecodingBatch Open(IReadOnlyList<DecodingPrompt> prompts, long capacity, bool useCache);
}
