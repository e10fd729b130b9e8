namespace Microsoft.ML.Tokenizers;

public struct EncodeSettings
{
    public EncodeSettings()
    {
    }

    public bool ConsiderNormalization { get; set; }

    public bool ConsiderPreTokenization { get; set; }

    public int MaxTokenCount { get; set; } = int.MaxValue;
}
