using Microsoft.ML.LlmFineTune.Evaluation;
using Microsoft.ML.LlmFineTune.Models;
using Microsoft.ML.LlmFineTune.Runtime;
using Microsoft.ML.LlmFineTune.Tests.Models.Bert;
using Xunit;
using static TorchSharp.torch;
using F = TorchSharp.torch.nn.functional;

namespace Microsoft.ML.LlmFineTune.Tests.Evaluation;

public sealed class MaskedTokenScoringTests
{
    public MaskedTokenScoringTests() => NativeRuntime.Initialize();

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(32)]
    public void Each_position_is_hidden_alone(int batchSize)
    {
        using MaskedLanguageModel model = new(BertModelTests.New(BertModelTests.Config("roberta")));
        model.InitializeHead(new RandomStream(3));
        model.eval();
        int[] ids = [2, 14, 9, 30, 41, 3], positions = [4, 1, 3];
        IReadOnlyList<double> answers = MaskedTokenScoring.Of(model, maskToken: 49, batchSize)(ids, positions);
        Assert.Equal(positions.Length, answers.Count);
        for (int i = 0; i < positions.Length; i++)
        {
            long[] hidden = [.. ids.Select((id, place) => place == positions[i] ? 49L : id)];
            Tensor scores = F.log_softmax(model.Forward(tensor(hidden, [1, ids.Length]))[0][positions[i]], -1);
            Assert.Equal(scores[ids[positions[i]]].item<float>(), answers[i], 1e-5);
        }
    }

    [Fact]
    public void A_mask_token_beyond_the_vocabulary_is_refused()
    {
        using MaskedLanguageModel model = new(BertModelTests.New(BertModelTests.Config("bert")));
        Assert.Throws<ArgumentOutOfRangeException>(() => MaskedTokenScoring.Of(model, 50));
    }
}
