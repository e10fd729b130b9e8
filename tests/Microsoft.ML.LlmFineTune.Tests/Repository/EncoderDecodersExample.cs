// <example>
using Microsoft.ML.LlmFineTune.Checkpoints;
using Microsoft.ML.LlmFineTune.Layers;
using Microsoft.ML.LlmFineTune.Models;
using Microsoft.ML.LlmFineTune.Models.T5;
using Microsoft.ML.LlmFineTune.Runtime;
using TorchSharp;
using static TorchSharp.torch;
// </example>

namespace Microsoft.ML.LlmFineTune.Tests.Repository;

/// <summary>The code of docs/encoder-decoders.md, word for word between the marks.</summary>
internal static class EncoderDecodersExample
{
    public static (Tensor Last, long Parameters) Run(string folder, Tensor source, Tensor? sourceMask)
    {
        // <example>
        using EncoderDecoderModel model = HuggingFaceFolder.LoadEncoderDecoder(folder);
        using IDisposable withoutGradients = torch.no_grad();

        Tensor memory = model.Encode(source, sourceMask);                   // [batch, source, width]
        using DecoderCache cache = model.CreateCache(source.size(0), capacity: 32);
        Tensor next = torch.full([source.size(0), 1], model.DecoderStart, dtype: torch.ScalarType.Int64);
        for (int i = 0; i < 32; i++)
        {
            Tensor hidden = model.Decode(next, memory, sourceMask, cache);  // [batch, 1, width]
            next = model.Logits(hidden).argmax(-1);                         // [batch, 1]: the best token
        }
        using EncoderDecoderModel fresh = T5Presets.Tiny(vocabularySize: 8000).CreateEncoderDecoder();
        fresh.Initialize(new RandomStream(1));
        // </example>
        return (next, fresh.ParameterCount);
    }
}
