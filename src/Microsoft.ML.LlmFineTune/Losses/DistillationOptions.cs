using Microsoft.ML.LlmFineTune.Runtime;

namespace Microsoft.ML.LlmFineTune.Losses;

/// <summary>What a student is drawn to.</summary>
public enum DistillationLossKind
{
    /// <summary>KL(teacher || student), times the square of the temperature: the student covers all that the teacher finds likely (Hinton et al., 2015).</summary>
    Forward = 0,

    /// <summary>KL(student || teacher), times the square of the temperature: the student avoids what the teacher finds unlikely (Gu et al.: "MiniLLM", 2024).</summary>
    Reverse = 1,

    /// <summary>The mean squared difference of the logits, whatever the temperature.</summary>
    Logits = 2,
}

/// <summary>How a student learns from a teacher.</summary>
public sealed record DistillationOptions
{
    /// <summary>The loss against the teacher. Default <see cref="DistillationLossKind.Forward"/>.</summary>
    public DistillationLossKind Loss { get; init; } = DistillationLossKind.Forward;

    /// <summary>What both models' logits are divided by; greater than 0; default 2. Above 1, what the teacher finds unlikely counts more.</summary>
    public double Temperature { get; init; } = 2;

    /// <summary>The part of the loss that is against the teacher, from 0 to 1; the rest is against the targets. Default 0.5.</summary>
    public double TeacherPart { get; init; } = 0.5;

    /// <summary>Checks every value.</summary>
    /// <exception cref="ArgumentException">A value is out of its range.</exception>
    public void Validate()
    {
        Require.Argument(Enum.IsDefined(Loss), $"Loss must be one of {string.Join(", ", Enum.GetNames<DistillationLossKind>())}; received {Loss}.");
        Require.Positive(Temperature);
        Require.Within(TeacherPart, 0.0, 1.0);
    }
}
