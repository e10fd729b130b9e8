using Golden.Library;

namespace Golden.Metrics;

/// <summary>metrics/classification.json: each kind of case has a part of its own.</summary>
internal sealed class ClassificationReader : CaseReader
{
    public override bool Reads(string file) => file == "classification.json";

    public override void Verify(FixtureCase c, Tally tally)
    {
        switch (c["kind"].GetString())
        {
            case "labels": LabelCases.Verify(c, tally); break;
            case "binary_scores": BinaryScoreCases.Verify(c, tally); break;
            case "probabilities" or "mlnet_only": ProbabilityCases.Verify(c, tally); break;
            case "temperature": TemperatureCases.Verify(c, tally); break;
            case var kind: throw new UnsupportedException($"there are no metrics of {kind}");
        }
    }
}
