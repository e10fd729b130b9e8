using System.Text.Json;
using Golden.Library;
using static TorchSharp.torch;

namespace Golden.Training.Losses;

/// <summary>What the library answers to a case: the loss, and what is reported beside it.</summary>
internal sealed record LossAnswer(Tensor Loss)
{
    public Dictionary<string, Tensor> Outputs { get; init; } = [];

    public IReadOnlyDictionary<string, double> Metrics { get; init; } = new Dictionary<string, double>();

    /// <summary>The tolerance in float64; greater where the reference computes a part of it in float32.</summary>
    public double DoubleTolerance { get; init; } = 1e-9;

    /// <summary>Where gradients are compared; null: everywhere.</summary>
    public Tensor? GradientMask { get; init; }
}

/// <summary>A case in one number type. It notices which options and inputs were read: an option that nobody reads is one that the library does not honour.</summary>
internal sealed class LossCase(FixtureCase fixture, ScalarType type)
{
    // What is told beside inputs and outputs.
    private static readonly HashSet<string> NotOutputs = new(StringComparer.Ordinal) { "kind", "formula", "options", "inputs", "loss", "note" };
    private readonly HashSet<string> _read = new(StringComparer.Ordinal);

    public string Kind { get; } = fixture["kind"].IsGiven() ? fixture["kind"].GetString()! : fixture.Name;

    public FixtureCase Fixture => fixture;

    /// <summary>The inputs that the fixture has gradients of.</summary>
    public Dictionary<string, Tensor> Leaves { get; } = [];

    public JsonElement Expected(string name) => fixture[type == ScalarType.Float64 && fixture[name + "_fp64"].IsGiven() ? name + "_fp64" : name];

    public bool Has(string input) => fixture["inputs"].TryGetProperty(input, out _);

    public Tensor? Optional(string input) => Has(input) ? Numbers(input) : null;

    public Tensor Numbers(string input)
    {
        _read.Add(input);
        // Decimals are read as float32 and then widened, as the fixture's inputs were.
        var value = fixture["inputs"].GetProperty(input).ReadTensor().to(type);
        if (fixture[$"grad_{input}"].IsGiven()) Leaves[input] = value = value.requires_grad_();
        return value;
    }

    public Tensor Integers(string input)
    {
        _read.Add(input);
        return fixture["inputs"].GetProperty(input).ReadTensor(ScalarType.Int64);
    }

    public JsonElement Option(string name)
    {
        _read.Add(name);
        return fixture["options"].ValueKind == JsonValueKind.Object && fixture["options"].TryGetProperty(name, out var value) && value.ValueKind != JsonValueKind.Null ? value : default;
    }

    public double Option(string name, double otherwise) => Option(name) is { ValueKind: not JsonValueKind.Undefined } value ? value.ToDouble() : otherwise;

    public bool Option(string name, bool otherwise) => Option(name) is { ValueKind: not JsonValueKind.Undefined } value ? value.GetBoolean() : otherwise;

    public string Option(string name, string otherwise) => Option(name) is { ValueKind: not JsonValueKind.Undefined } value ? value.GetString()! : otherwise;

    /// <exception cref="UnsupportedException">Something was asked for that nobody looked at.</exception>
    public void RefuseUnread(LossAnswer answer)
    {
        List<string> unread = [.. Names(fixture["options"]).Concat(Names(fixture["inputs"])).Where(name => !_read.Contains(name))];
        if (unread.Count > 0) throw new UnsupportedException($"{Kind} has no {string.Join(", ", unread)}");
        List<string> unanswered = [.. Names(fixture.Value).Where(name => !NotOutputs.Contains(name) && !name.StartsWith("grad_", StringComparison.Ordinal) && !name.EndsWith("_fp64", StringComparison.Ordinal) && !answer.Outputs.ContainsKey(name) && name != "metrics")];
        if (fixture["metrics"].IsGiven()) unanswered.AddRange(Names(fixture["metrics"]).Where(name => !answer.Metrics.ContainsKey(name)));
        if (unanswered.Count > 0) throw new UnsupportedException($"{Kind} does not give {string.Join(", ", unanswered)}");

        static IEnumerable<string> Names(JsonElement value) => value.ValueKind == JsonValueKind.Object ? value.EnumerateObject().Select(property => property.Name) : [];
    }

    public static double[] Flat(JsonElement value) => value.ValueKind == JsonValueKind.Array ? [.. value.EnumerateArray().SelectMany(Flat)] : [value.ToDouble()];
}
