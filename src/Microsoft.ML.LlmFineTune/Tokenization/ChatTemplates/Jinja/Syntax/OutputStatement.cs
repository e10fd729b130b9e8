namespace Microsoft.ML.LlmFineTune.Tokenization;

/// <summary>The template's own text and the values between it.</summary>
internal sealed class OutputStatement(Expression[] parts) : Statement
{
    public IReadOnlyList<Expression> Parts => parts;

    public override IEnumerable<TemplateNode> Children => parts;

    public override Flow Execute(Frame frame, OutputBuffer output)
    {
        foreach (var part in parts)
        {
            if (part is ConstantExpression { Value: string text })
            {
                output.Write(text);
                continue;
            }
            frame.State.Line = part.Line;
            frame.State.Budget.TakeStep();
            output.Write(Printing.Text(part.Evaluate(frame)));
        }
        return Flow.Next;
    }
}
