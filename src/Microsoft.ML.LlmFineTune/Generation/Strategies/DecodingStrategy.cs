namespace Microsoft.ML.LlmFineTune.Generation.Strategies;

/// <summary>A way to make texts out of a model's scores, step by step.</summary>
internal abstract class DecodingStrategy(DecodingPlan plan) : IDisposable
{
    /// <summary>The texts, those of a prompt side by side. With beams they are there when everything is done; the others grow with every step.</summary>
    public abstract IReadOnlyList<DecodingRow> Rows { get; }

    /// <summary>Whether there is more to do.</summary>
    public abstract bool IsRunning { get; }

    /// <summary>What the strategy works with.</summary>
    protected DecodingPlan Plan { get; } = plan;

    /// <summary>The strategy that the options ask for.</summary>
    /// <param name="plan">What it works with.</param>
    /// <param name="draft">A model that proposes tokens; null for none.</param>
    public static DecodingStrategy Of(DecodingPlan plan, IGenerativeModel? draft) => plan.Options switch
    {
        { Beams: > 1 } => new BeamSearch(plan),
        { ContrastivePenalty: > 0 } => new ContrastiveSearch(plan),
        { PromptLookupTokens: > 0 } => new SpeculativeDecoding(plan, _ => new PromptLookupDraft(plan)),
        _ when draft is not null => new SpeculativeDecoding(plan, chooser => new ModelDraft(plan, draft, chooser)),
        _ => new TokenByToken(plan),
    };

    /// <summary>Makes every text that still grows longer, by one token at least, or all beams.</summary>
    public abstract void Step();

    public abstract void Dispose();
}
