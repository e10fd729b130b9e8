using System.Runtime.CompilerServices;

namespace Microsoft.ML.LlmFineTune.Tokenization;

/// <summary>Statements one after the other.</summary>
internal sealed class Body(Statement[] statements)
{
    public Statement[] Statements => statements;

    public bool IsEmpty => statements.Length == 0;

    public Flow Execute(Frame frame, OutputBuffer output)
    {
        if (!RuntimeHelpers.TryEnsureSufficientExecutionStack()) throw Raise.Recursion("maximum recursion depth exceeded: the thread's stack is used up");
        foreach (var statement in statements)
        {
            frame.State.Line = statement.Line;
            frame.State.Budget.TakeStep();
            var flow = statement.Execute(frame, output);
            if (flow != Flow.Next) return flow;
        }
        return Flow.Next;
    }

    public void Bind(Binding binding)
    {
        foreach (var statement in statements) statement.Bind(binding);
    }
}
