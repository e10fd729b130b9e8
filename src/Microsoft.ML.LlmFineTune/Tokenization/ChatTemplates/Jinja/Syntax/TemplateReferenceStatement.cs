namespace Microsoft.ML.LlmFineTune.Tokenization;

/// <summary><c>include</c>, <c>extends</c>, <c>import</c> and <c>from</c>: a chat template stands alone, there is nothing to load others from.</summary>
internal sealed class TemplateReferenceStatement(Expression template, NameExpression[] names) : Statement
{
    public override IEnumerable<TemplateNode> Children => names.Cast<TemplateNode>().Prepend(template);

    public override Flow Execute(Frame frame, OutputBuffer output)
    {
        template.Evaluate(frame);
        throw Raise.Type("no loader for this environment specified");
    }
}
