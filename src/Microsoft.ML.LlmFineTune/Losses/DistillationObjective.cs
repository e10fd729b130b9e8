using Microsoft.ML.LlmFineTune.Batches;
using Microsoft.ML.LlmFineTune.Losses.Functions;
using Microsoft.ML.LlmFineTune.Models;
using Microsoft.ML.LlmFineTune.Runtime;
using static TorchSharp.torch;

namespace Microsoft.ML.LlmFineTune.Losses;

/// <summary>
/// The loss of a student that learns from a teacher (Hinton, Vinyals, Dean: "Distilling the knowledge in a neural network", 2015), at every place of the batch that has a target. Both are decoders, encoder-decoders,
/// masked language models, text classifiers or token classifiers, of one kind, with the same vocabulary or classes; their sizes may differ.
/// </summary>
/// <remarks>One teacher serves all replicas at the same time: it is in evaluation mode, without gradients, and reading changes nothing in it. It may be on another device.</remarks>
public sealed class DistillationObjective : IObjective
{
    /// <summary>The metric of the student's right first guesses: "accuracy".</summary>
    public const string Accuracy = "accuracy";

    /// <summary>The metric of places where student and teacher guess the same first: "agreement".</summary>
    public const string Agreement = "agreement";

    private readonly nn.Module _teacher;
    private readonly DistillationOptions _options;

    /// <summary>Creates the objective.</summary>
    /// <param name="teacher">The teacher; it is put into evaluation mode and stays the caller's.</param>
    /// <param name="options">How the student learns; null: the defaults.</param>
    public DistillationObjective(nn.Module teacher, DistillationOptions? options = null)
    {
        _options = options ?? new();
        _options.Validate();
        _teacher = Require.NotNull(teacher);
        teacher.eval();
    }

    /// <inheritdoc/>
    public IReadOnlyList<string> Metrics { get; } = [Accuracy, Agreement];

    /// <inheritdoc/>
    /// <exception cref="ArgumentException">Student and teacher are of different kinds, or one is of a kind without scores; a token or target is out of range.</exception>
    public Tensor SummedLoss(nn.Module model, TokenBatch rows, MetricSums? metrics = null)
    {
        Require.NotNull(rows);
        Require.Argument(!ReferenceEquals(model, _teacher), "Student and teacher must be two models; received one twice.", nameof(model));
        TargetStates student = TargetStates.Of(model, rows), teacher = OfTeacher(rows);
        Require.Argument(teacher.Classes == student.Classes, $"Student and teacher must score the same classes or tokens; the student scores {student.Classes}, the teacher {teacher.Classes}.", nameof(rows));
        MetricSums? counted = metrics;
        Tensor[] losses = VocabularyLoss.InChunks(student, [teacher.Hidden], (scores, targets, others) => Sum(scores, targets, OfTeacher(teacher, others[0], scores), counted));
        // Backward makes the losses of chunks again, and must not count again.
        counted = null;
        return losses is [Tensor all] ? all : stack(losses).sum();
    }

    /// <summary>The loss of scored places, summed.</summary>
    private Tensor Sum(Tensor student, Tensor targets, Tensor teacher, MetricSums? metrics)
    {
        if (metrics is not null)
        {
            using IDisposable scope = NewDisposeScope();
            Tensor guesses = student.argmax(1);
            metrics.Add(Accuracy, guesses.eq(targets).sum().item<long>(), targets.numel());
            metrics.Add(Agreement, guesses.eq(teacher.argmax(1)).sum().item<long>(), targets.numel());
        }
        Tensor? soft = _options.TeacherPart == 0 ? null : _options.TeacherPart * Soft(student, teacher);
        Tensor? hard = _options.TeacherPart == 1 ? null : (1 - _options.TeacherPart) * CrossEntropy.Sum(student, targets);
        return soft is null ? hard! : hard is null ? soft : soft + hard;
    }

    private TargetStates OfTeacher(TokenBatch rows)
    {
        using IDisposable scope = NewDisposeScope();
        using IDisposable withoutGradients = no_grad();
        TargetStates teacher = TargetStates.Of(_teacher, rows);
        teacher.Hidden.MoveToOuterDisposeScope();
        return teacher;
    }

    /// <summary>The teacher's scores of some of its states, as the student's are: [rows, classes].</summary>
    private static Tensor OfTeacher(TargetStates teacher, Tensor hidden, Tensor student)
    {
        using IDisposable scope = NewDisposeScope();
        using IDisposable withoutGradients = no_grad();
        return teacher.Scores(hidden).to(student.dtype).to(student.device).MoveToOuterDisposeScope();
    }

    private Tensor Soft(Tensor student, Tensor teacher)
    {
        double temperature = _options.Temperature;
        return _options.Loss switch
        {
            DistillationLossKind.Reverse => temperature * temperature * DistillationLosses.Reverse(student, teacher, temperature).sum(),
            DistillationLossKind.Logits => DistillationLosses.Squared(student, teacher).sum(),
            _ => temperature * temperature * DistillationLosses.Forward(student, teacher, temperature).sum(),
        };
    }
}
