using System.Runtime.CompilerServices;

namespace Microsoft.ML.LlmFineTune.Tokenization;

/// <summary>
/// Counts what a rendering uses up. The thread's own, so that comparing, printing and iterating, which go deep into values, can count too without being handed it.
/// </summary>
internal sealed class RenderBudget(ChatTemplateLimits limits, CancellationToken cancellation)
{
    private const int MostStepsBetweenLooks = 4096;

    private const int CharactersOfItem = 8;

    // Values can be nested more deeply than any that a person writes: a list in a list in a list, one step of a loop each.
    private const int ValueDepth = 1000;

    [ThreadStatic]
    private static RenderBudget? t_current;

    private long _steps = limits.MaxSteps;
    private long _made = limits.MaxMadeCharacters;
    private readonly int _stepsBetweenLooks = (int)Math.Min(MostStepsBetweenLooks, limits.MaxSteps);
    private int _untilLook = (int)Math.Min(MostStepsBetweenLooks, limits.MaxSteps);
    private int _depth;
    private int _valueDepth;

    public ChatTemplateLimits Limits => limits;

    /// <summary>Makes this the thread's budget until the result is disposed.</summary>
    public Lease Use()
    {
        var before = t_current;
        t_current = this;
        return new Lease(before);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void TakeStep()
    {
        if (--_untilLook < 0) Look();
    }

    public void TakeSteps(long count)
    {
        _steps -= count;
        if (_steps < 0 || count > MostStepsBetweenLooks) Look();
    }

    /// <summary>Steps of a piece of work that goes over <paramref name="count"/> items.</summary>
    public static void Steps(long count) => t_current?.TakeSteps(count);

    /// <summary>Steps of a piece of work that goes over so many characters, which is far quicker than over items.</summary>
    public static void Characters(long count) => t_current?.TakeSteps(1 + (count >> 4));

    /// <summary>Steps of a search for a part of a text, whose worst case (all alike but for the last character) takes the product of their lengths.</summary>
    public static void Search(string text, string part) => t_current?.TakeSteps(1 + (text.Length >> 4) + (((long)text.Length * part.Length) >> 14));

    /// <summary>Demands that so many characters or items may still be made; to be called before they are, where the work makes much of little.</summary>
    public static void Make(long count)
    {
        if (t_current is not { } budget) return;
        if (count > budget._made) throw Raise.Limit($"The values made by the template would have more than {budget.Limits.MaxMadeCharacters:#,0} characters and items together (ChatTemplateLimits.MaxMadeCharacters).");
        budget._made -= count;
        budget.TakeSteps(count >> 4);
    }

    /// <summary>Demands that so many items of lists may still be made; an item takes the room of several characters.</summary>
    public static void MakeItems(long count) => Make(count > long.MaxValue / CharactersOfItem ? long.MaxValue : count * CharactersOfItem);

    /// <summary>One macro call or recursive loop deeper.</summary>
    public void Enter()
    {
        if (++_depth > limits.MaxDepth || !RuntimeHelpers.TryEnsureSufficientExecutionStack())
            throw Raise.Recursion($"maximum recursion depth exceeded: macro calls and recursive loops are nested {_depth} deep, {limits.MaxDepth} are allowed at most (ChatTemplateLimits.MaxDepth)");
    }

    public void Leave() => _depth--;

    /// <summary>One value deeper, in something that looks into values.</summary>
    public static void EnterValue()
    {
        if (!RuntimeHelpers.TryEnsureSufficientExecutionStack()) throw TooDeep();
        if (t_current is not { } budget) return;
        budget.TakeStep();
        if (++budget._valueDepth > ValueDepth) throw TooDeep();
    }

    public static void LeaveValue()
    {
        if (t_current is { } budget) budget._valueDepth--;
    }

    private static ChatTemplateException TooDeep() => Raise.Recursion($"maximum recursion depth exceeded: values are nested more than {ValueDepth} deep");

    private void Look()
    {
        _steps -= _stepsBetweenLooks - _untilLook;
        _untilLook = _stepsBetweenLooks;
        cancellation.ThrowIfCancellationRequested();
        if (_steps < 0) throw Raise.Limit($"The template takes more than {limits.MaxSteps:#,0} steps (ChatTemplateLimits.MaxSteps).");
    }

    /// <summary>Gives the thread back the budget it had.</summary>
    internal readonly ref struct Lease(RenderBudget? before)
    {
        public void Dispose() => t_current = before;
    }
}
