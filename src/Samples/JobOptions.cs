namespace Samples;

/// <summary>What the command line said.</summary>
internal sealed record JobOptions(FileInfo? Data, string TextColumn, string LabelColumn, bool LabelKind, bool Fast, int Seed, FileInfo Model);
