using System.Text.Json;
using Golden.Library;
using Microsoft.ML.LlmFineTune.Optimization;

namespace Golden.Training;

/// <summary>The optimizer that a case's options describe, and what is done to the gradients before each step.</summary>
/// <param name="Options">The optimizer.</param>
/// <param name="Groups">Its groups.</param>
/// <param name="Rates">The rate of each step; null: the optimizer's peak.</param>
/// <param name="ClipNorm">The largest norm.</param>
/// <param name="NormPower">Which norm.</param>
/// <param name="ClipValue">The largest magnitude.</param>
/// <param name="Maximizes">Whether gradients are followed upwards.</param>
internal sealed record OptimizerCase(OptimizerOptions Options, IReadOnlyList<ParameterGroup>? Groups, double[]? Rates, double? ClipNorm, double NormPower, double? ClipValue, bool Maximizes)
{
    public static OptimizerCase Read(JsonElement json)
    {
        if (json.ValueKind != JsonValueKind.Object || !json.TryGetProperty("class", out var type)) throw new UnsupportedException("the case does not name an optimizer");
        var kind = type.GetString()!.Split('.')[^1].Replace(" (formula)", "", StringComparison.Ordinal);
        var options = new OptionReader(kind, [json, .. json.TryGetProperty("defaults", out var defaults) ? [defaults] : Array.Empty<JsonElement>()]);
        options.Ignore("class", "defaults", "foreach", "fused", "capturable", "differentiable");
        double[]? rates = options.Has("learning_rates") ? options.Numbers("learning_rates") : null;
        var (clipNorm, power, clipValue) = (options.Number("clip_max_norm"), options.Number("clip_norm_type", 2), options.Number("clip_value"));
        var maximizes = options.Flag("maximize");
        var groups = options.Find("groups");
        var made = Make(kind, type.GetString()!, options, options.Number("lr")) with { Decays = WeightDecayScope.All };
        options.Finish();
        return new OptimizerCase(made, groups.IsGiven() ? [.. groups.EnumerateArray().Select((group, i) => Group(group, i, made.LearningRate))] : null, rates, clipNorm, power, clipValue, maximizes);
    }

    private static ParameterGroup Group(JsonElement group, int index, double peak)
    {
        var options = new OptionReader("a group", group);
        ParameterGroup made = new(FormattableString.Invariant($"group {index}"), options.Find("params").ToTexts()) { RateFactor = options.Number("lr", peak) / peak, WeightDecay = options.Number("weight_decay") };
        options.Finish();
        return made;
    }

    private static OptimizerOptions Make(string kind, string type, OptionReader o, double? rate)
    {
        double Rate(double otherwise) => rate ?? otherwise;
        double Decay(double otherwise = 0) => o.Number("weight_decay", otherwise);
        double[] Betas(double first = 0.9, double second = 0.999) => o.Numbers("betas", first, second);
        double Epsilon(double otherwise = 1e-8) => o.Number("eps", otherwise);
        bool Decoupled() => o.Flag("decoupled_weight_decay");
        switch (kind)
        {
            case "SGD":
                return new SgdOptions { LearningRate = Rate(1e-3), WeightDecay = Decay(), Momentum = o.Number("momentum", 0), Dampening = o.Number("dampening", 0), Nesterov = o.Flag("nesterov"), DecoupledDecay = Decoupled() };
            case "Adam" when !Decoupled():
                return new AdamOptions { LearningRate = Rate(1e-3), WeightDecay = Decay(), Beta1 = Betas()[0], Beta2 = Betas()[1], Epsilon = Epsilon(), Amsgrad = o.Flag("amsgrad") };
            case "Adam" or "AdamW":
                return new AdamWOptions { LearningRate = Rate(1e-3), WeightDecay = Decay(kind == "Adam" ? 0 : 0.01), Beta1 = Betas()[0], Beta2 = Betas()[1], Epsilon = Epsilon(), Amsgrad = o.Flag("amsgrad") };
            case "Adamax":
                return new AdamaxOptions { LearningRate = Rate(2e-3), WeightDecay = Decay(), Beta1 = Betas()[0], Beta2 = Betas()[1], Epsilon = Epsilon(), DecoupledDecay = Decoupled() };
            case "NAdam":
                return new NAdamOptions { LearningRate = Rate(2e-3), WeightDecay = Decay(), Beta1 = Betas()[0], Beta2 = Betas()[1], Epsilon = Epsilon(), MomentumDecay = o.Number("momentum_decay", 4e-3), DecoupledDecay = Decoupled() };
            case "RAdam":
                return new RAdamOptions { LearningRate = Rate(1e-3), WeightDecay = Decay(), Beta1 = Betas()[0], Beta2 = Betas()[1], Epsilon = Epsilon(), DecoupledDecay = Decoupled() };
            case "RMSprop":
                return new RmsPropOptions { LearningRate = Rate(1e-2), WeightDecay = Decay(), Alpha = o.Number("alpha", 0.99), Epsilon = Epsilon(), Momentum = o.Number("momentum", 0), Centered = o.Flag("centered"), DecoupledDecay = Decoupled() };
            case "Adagrad":
                return new AdagradOptions { LearningRate = Rate(1e-2), WeightDecay = Decay(), RateDecay = o.Number("lr_decay", 0), InitialSum = o.Number("initial_accumulator_value", 0), Epsilon = Epsilon(1e-10), DecoupledDecay = Decoupled() };
            case "Adadelta":
                return new AdadeltaOptions { LearningRate = Rate(1), WeightDecay = Decay(), Rho = o.Number("rho", 0.9), Epsilon = Epsilon(1e-6), DecoupledDecay = Decoupled() };
            case "Adafactor" when type.StartsWith("transformers", StringComparison.Ordinal):
                var constants = o.Numbers("eps", 1e-30, 1e-3);
                var relative = o.Flag("relative_step", true);
                return new AdafactorOptions
                {
                    // A relative step has no rate of its own.
                    LearningRate = relative ? 1 : Rate(1e-3), WeightDecay = Decay(), GradientEpsilon = constants[0], ScaleEpsilon = constants[1], ClipThreshold = o.Number("clip_threshold", 1), DecayExponent = o.Number("decay_rate", -0.8),
                    Beta1 = o.Number("beta1"), ScaleParameter = o.Flag("scale_parameter", true), RelativeStep = relative, WarmupInitialization = o.Flag("warmup_init"),
                };
            case "Adafactor":
                var pair = o.Find("eps");
                return new CappedAdafactorOptions
                {
                    LearningRate = Rate(1e-2), WeightDecay = Decay(), DecayExponent = o.Number("beta2_decay", -0.8), ClipThreshold = o.Number("d", 1),
                    DenominatorEpsilon = pair.IsGiven() && pair[0].IsGiven() ? pair[0].GetDouble() : null, ScaleEpsilon = pair.IsGiven() ? pair[1].GetDouble() : 1e-3,
                };
            case "Lion":
                return new LionOptions { LearningRate = Rate(1e-4), WeightDecay = Decay(), Beta1 = Betas(0.9, 0.99)[0], Beta2 = Betas(0.9, 0.99)[1] };
            case "Lamb":
                return new LambOptions
                {
                    LearningRate = Rate(1e-3), WeightDecay = Decay(), Beta1 = Betas()[0], Beta2 = Betas()[1], Epsilon = Epsilon(1e-6), CorrectsBias = o.Flag("bias_correction", true), MaximumTrust = o.Number("max_trust"),
                };
            case "Muon" or "MuonExact":
                return Muon(o, Rate(1e-3));
            case "hybrid":
                return Hybrid(o);
            default:
                throw new UnsupportedException($"there is no optimizer {type}");
        }
    }

    private static MuonOptions Muon(OptionReader o, double rate)
    {
        var coefficients = o.Numbers("ns_coefficients", 3.4445, -4.7750, 2.0315);
        var adjust = o.Find("adjust").IsGiven() ? o.Text("adjust") : o.Text("adjust_lr_fn", "original");
        return new MuonOptions
        {
            LearningRate = rate, WeightDecay = o.Number("weight_decay", 0.1), Momentum = o.Number("momentum", 0.95), Nesterov = o.Flag("nesterov", true), Iterations = (int)(o.Whole("ns_steps") ?? 5),
            Coefficients = (coefficients[0], coefficients[1], coefficients[2]), Epsilon = o.Number("eps", 1e-7),
            Adjustment = adjust switch
            {
                "original" => MuonAdjustment.Original,
                "match_rms_adamw" => MuonAdjustment.MatchAdamW,
                _ => throw new UnsupportedException($"Muon has no adjustment {adjust}"),
            },
        };
    }

    private static MuonOptions Hybrid(OptionReader both)
    {
        var (muon, others) = (new OptionReader("muon", both.Find("muon")), new OptionReader("adamw", both.Find("adamw")));
        muon.Ignore("params");
        var made = Muon(muon, muon.Number("lr", 1e-3));
        var adamw = (AdamWOptions)Make("AdamW", "AdamW", others, others.Number("lr"));
        made = made with { LeftOut = others.Find("params").ToTexts(), Others = adamw with { Decays = WeightDecayScope.All } };
        muon.Finish();
        others.Finish();
        return made;
    }
}
