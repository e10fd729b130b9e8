namespace Microsoft.ML.LlmFineTune.Evaluation;

/// <summary>How tags mark the spans of entities. O is outside everywhere; types stand behind a hyphen, B-PER for example.</summary>
public enum EntityScheme
{
    /// <summary>I inside; B only where an entity follows another of its type.</summary>
    Iob1,

    /// <summary>B at the beginning, I inside. Also called BIO.</summary>
    Iob2,

    /// <summary>I inside; E only at the end of an entity that another of its type follows.</summary>
    Ioe1,

    /// <summary>I inside, E at the end.</summary>
    Ioe2,

    /// <summary>B at the beginning, I inside, E at the end, S for a single token.</summary>
    Iobes,

    /// <summary>B at the beginning, I inside, L at the end, U for a single token.</summary>
    Bilou,
}
