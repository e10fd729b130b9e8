using Microsoft.ML.LlmFineTune.Runtime;
using static TorchSharp.torch;

namespace Microsoft.ML.LlmFineTune.Losses.Functions;

/// <summary>How far a student's scores are from its teacher's (Hinton, Vinyals, Dean: "Distilling the knowledge in a neural network", 2015).</summary>
public static class DistillationLosses
{
    /// <summary>Kullback-Leibler divergence of the student's distribution from the teacher's, KL(teacher || student), of each row: the student must cover all that the teacher finds likely.</summary>
    /// <param name="student">Logits [rows, classes].</param>
    /// <param name="teacher">Logits [rows, classes].</param>
    /// <param name="temperature">What both logits are divided by; greater than 0. The loss is not multiplied by its square.</param>
    /// <returns>[rows].</returns>
    public static Tensor Forward(Tensor student, Tensor teacher, double temperature = 1)
    {
        (Tensor ours, Tensor theirs) = LogProbabilities(student, teacher, temperature);
        return (theirs.exp() * (theirs - ours)).sum(-1);
    }

    /// <summary>KL(student || teacher) of each row: the student must avoid all that the teacher finds unlikely (Gu et al.: "MiniLLM", 2024).</summary>
    /// <param name="student">Logits [rows, classes].</param>
    /// <param name="teacher">Logits [rows, classes].</param>
    /// <param name="temperature">What both logits are divided by; greater than 0.</param>
    /// <returns>[rows].</returns>
    public static Tensor Reverse(Tensor student, Tensor teacher, double temperature = 1)
    {
        (Tensor ours, Tensor theirs) = LogProbabilities(student, teacher, temperature);
        return (ours.exp() * (ours - theirs)).sum(-1);
    }

    /// <summary>The mean over the classes of the squared difference of the logits, of each row.</summary>
    /// <param name="student">[rows, classes].</param>
    /// <param name="teacher">[rows, classes].</param>
    /// <returns>[rows].</returns>
    public static Tensor Squared(Tensor student, Tensor teacher) => RegressionLosses.Squared(student, teacher).mean([-1]);

    private static (Tensor Student, Tensor Teacher) LogProbabilities(Tensor student, Tensor teacher, double temperature)
    {
        Require.Positive(temperature);
        return ((Require.NotNull(student) / temperature).log_softmax(-1), (Require.NotNull(teacher) / temperature).log_softmax(-1));
    }
}
