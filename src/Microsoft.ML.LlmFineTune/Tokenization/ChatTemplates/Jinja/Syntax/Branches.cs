namespace Microsoft.ML.LlmFineTune.Tokenization;

/// <summary><c>{% if %}</c> with its <c>elif</c>s and <c>else</c>. What it sets is set in the scope around it.</summary>
internal sealed class IfStatement((Expression Test, Body Body)[] branches, Body otherwise) : Statement
{
    public override IEnumerable<TemplateNode> Children => branches.SelectMany(branch => branch.Body.Statements.Cast<TemplateNode>().Prepend(branch.Test)).Concat(otherwise.Statements);

    public override void Declare(Scope scope)
    {
        branches[0].Test.Declare(scope);
        var (first, later, last) = (scope.Branch(), scope.Branch(), scope.Branch());
        foreach (var statement in branches[0].Body.Statements) statement.Declare(first);
        // The elifs are one branch, in which each is an if of its own.
        foreach (var (test, body) in branches.Skip(1)) new IfStatement([(test, body)], new Body([])).Declare(later);
        foreach (var statement in otherwise.Statements) statement.Declare(last);
        scope.Merge(first, later, last);
    }

    public override void Bind(Binding binding)
    {
        var inner = binding with { IsConditional = true };
        foreach (var (test, body) in branches)
        {
            test.Bind(inner);
            body.Bind(inner);
        }
        otherwise.Bind(inner);
    }

    public override Flow Execute(Frame frame, OutputBuffer output)
    {
        foreach (var (test, body) in branches)
        {
            frame.State.Line = test.Line;
            if (Values.IsTrue(test.Evaluate(frame))) return body.Execute(frame, output);
        }
        return otherwise.IsEmpty ? Flow.Next : otherwise.Execute(frame, output);
    }
}

/// <summary><c>{% break %}</c> and <c>{% continue %}</c>.</summary>
internal sealed class JumpStatement(Flow flow) : Statement
{
    public override IEnumerable<TemplateNode> Children => [];

    public override void Bind(Binding binding)
    {
        if (!binding.IsInLoop) throw binding.Error(flow == Flow.Break ? "'break' outside loop" : "'continue' not properly in loop", this, ChatTemplateErrorKind.SyntaxError);
    }

    public override Flow Execute(Frame frame, OutputBuffer output) => flow;
}
