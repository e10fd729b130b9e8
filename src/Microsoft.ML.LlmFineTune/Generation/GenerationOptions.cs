using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization;
using Microsoft.ML.LlmFineTune.Generation.Processors;
using Microsoft.ML.LlmFineTune.Runtime;

namespace Microsoft.ML.LlmFineTune.Generation;

/// <summary>
/// How texts are continued. The strategy follows from the options: one token after the other, drawn (the default) or the best (<see cref="Temperature"/> 0, or
/// <see cref="DoSample"/> false), with a draft (<see cref="PromptLookupTokens"/>, or a draft model) or without; <see cref="Beams"/> above 1; <see cref="ContrastivePenalty"/> above 0.
/// Options that belong to another strategy are not looked at, except for those that choose one: where they contradict each other, <see cref="Validate"/> says so.
/// </summary>
public sealed record GenerationOptions
{
    /// <summary>Most tokens that are added to a prompt; default 64; at least 1.</summary>
    public int MaxNewTokens { get; init; } = 64;

    /// <summary>
    /// Most tokens of prompt and continuation together (of an encoder-decoder: of the decoder's, its start token included); default null: no such limit; at least 2. A text ends at
    /// whichever limit it reaches first, this or <see cref="MaxNewTokens"/>.
    /// </summary>
    public int? MaxLength { get; init; }

    /// <summary>Tokens that are added before an end token may follow; default 0; from 0 to <see cref="MaxNewTokens"/>.</summary>
    public int MinNewTokens { get; init; }

    /// <summary>Tokens of prompt and continuation together before an end token may follow; default 0; at least 0.</summary>
    public int MinLength { get; init; }

    /// <summary>Time after which no further token is begun; default null: none; not negative. One token is added at least.</summary>
    public TimeSpan? MaxTime { get; init; }

    /// <summary>Texts that end the generated one when they appear in it; they are cut off. Default: none.</summary>
    public IReadOnlyList<string> StopStrings { get; init; } = [];

    /// <summary>Ids of the tokens that end a text; default null: those of the model's configuration.</summary>
    public IReadOnlyList<int>? EndTokens { get; init; }

    /// <summary>
    /// Whether tokens are drawn; default null: where <see cref="Temperature"/> is above 0 and neither <see cref="Beams"/> nor <see cref="ContrastivePenalty"/> choose otherwise.
    /// False takes the best token, and neither temperature nor cuts act; true with beams draws the beams' candidates.
    /// </summary>
    public bool? DoSample { get; init; }

    /// <summary>
    /// What scores are divided by before the draw; default 1; at least 0. At 0 there is no draw: the best token is taken (greedy), so the cuts have nothing to cut.
    /// </summary>
    public double Temperature { get; init; } = 1;

    /// <summary>Keeps the best tokens whose shares of the entropy add up to this part of it (of the 100 best); default 0: no such cut; from 0 to 1.</summary>
    public double TopH { get; init; }

    /// <summary>How many best tokens the draw is made from; default 0: all; at least 0. With <see cref="ContrastivePenalty"/>, how many are weighed.</summary>
    public int TopK { get; init; }

    /// <summary>The draw is made from the smallest set of best tokens whose probabilities reach this; default 1: all; from 0 to 1.</summary>
    public double TopP { get; init; } = 1;

    /// <summary>The draw is made from tokens at least this many times as likely as the best; default 0: all; from 0 to 1.</summary>
    public double MinP { get; init; }

    /// <summary>The draw is made from the tokens whose surprise is nearest to the expected one, up to this probability; default 1: all; greater than 0, at most 1.</summary>
    public double TypicalP { get; init; } = 1;

    /// <summary>The draw is made from tokens of at least this probability, and the best; default 0: all; at least 0, less than 1.</summary>
    public double EpsilonCutoff { get; init; }

    /// <summary>The draw is made from tokens of at least min(this, sqrt(this) * exp(-entropy)), and the best; default 0: all; at least 0, less than 1.</summary>
    public double EtaCutoff { get; init; }

    /// <summary>Draws by mirostat 1 or 2, which keeps the surprise of a text near <see cref="MirostatTarget"/> and needs no other cut; default 0: not so; 0, 1 or 2.</summary>
    public int Mirostat { get; init; }

    /// <summary>Surprise of a token that mirostat aims at (tau), in bits; default 5; greater than 0.</summary>
    public double MirostatTarget { get; init; } = 5;

    /// <summary>How fast mirostat corrects itself (eta); default 0.1; greater than 0.</summary>
    public double MirostatRate { get; init; } = 0.1;

    /// <summary>Seed of the draws; default 0. The same seed and prompt give the same text, whatever prompts stand beside it.</summary>
    public long Seed { get; init; }

    /// <summary>Texts of one prompt; default 1; at least 1. Several can be drawn, or be the best of as many <see cref="Beams"/>. They stand side by side in the results.</summary>
    public int ReturnSequences { get; init; } = 1;

    /// <summary>Texts that are followed up at a time for each prompt; default 1; at least 1. Above 1 the best sums of log-probabilities are searched for.</summary>
    public int Beams { get; init; } = 1;

    /// <summary>With beams, a text's sum of log-probabilities is divided by (new tokens) ^ this; default 1; finite. Above 0 favours long texts, below 0 short ones.</summary>
    public double LengthPenalty { get; init; } = 1;

    /// <summary>When beams stop; default: when better texts are unlikely.</summary>
    public BeamStopping EarlyStopping { get; init; }

    /// <summary>
    /// How much the likeness to what the text already says counts against a token's probability (contrastive search; alpha of Su et al.: "A Contrastive Framework for
    /// Neural Text Generation", 2022); default 0: not so; from 0 to 1. It needs a <see cref="TopK"/> of at least 2.
    /// </summary>
    public double ContrastivePenalty { get; init; }

    /// <summary>Tokens that are proposed at a time from earlier places of the text itself, where its last tokens stood before; default 0: none; at least 0. Texts stay the same, repetitive ones come faster.</summary>
    public int PromptLookupTokens { get; init; }

    /// <summary>Most last tokens that are looked for; default 2; at least 1.</summary>
    public int PromptLookupNGramSize { get; init; } = 2;

    /// <summary>Tokens that a draft model proposes at a time, where the generator has one; default 20; at least 1.</summary>
    public int AssistantTokens { get; init; } = 20;

    /// <summary>Whether that number follows the draft's success; default: it is constant.</summary>
    public AssistantSchedule AssistantSchedule { get; init; }

    /// <summary>A draft ends after a token that the draft model gives less than this probability; default 0.4; from 0 to 1. It changes the speed only.</summary>
    public double AssistantConfidence { get; init; } = 0.4;

    /// <summary>
    /// Above 1, tokens that the text already has become less likely (positive scores are divided by it, negative ones multiplied); default 1: no change; greater than 0.
    /// </summary>
    public double RepetitionPenalty { get; init; } = 1;

    /// <summary>Above 1, tokens of the source (what an encoder read, else the prompt) become more likely; default 1: no change; greater than 0.</summary>
    public double EncoderRepetitionPenalty { get; init; } = 1;

    /// <summary>Taken from a token's score for each time the new text has it; default 0; finite.</summary>
    public double FrequencyPenalty { get; init; }

    /// <summary>Taken from a token's score if the new text has it; default 0; finite.</summary>
    public double PresencePenalty { get; init; }

    /// <summary>No sequence of this many tokens appears twice, prompt included; default 0: no such rule; at least 0.</summary>
    public int NoRepeatNGramSize { get; init; }

    /// <summary>No sequence of this many tokens of the source (what an encoder read, else the prompt) appears in the text; default 0: no such rule; at least 0.</summary>
    public int EncoderNoRepeatNGramSize { get; init; }

    /// <summary>Sequences of ids that never appear; an end token alone is let through. Default: none.</summary>
    public IReadOnlyList<IReadOnlyList<int>> BadWords { get; init; } = [];

    /// <summary>Sequences of ids that become more or less likely. Default: none.</summary>
    public IReadOnlyList<SequenceBias> SequenceBiases { get; init; } = [];

    /// <summary>Ids that never appear. Default: none.</summary>
    public IReadOnlyList<int> SuppressTokens { get; init; } = [];

    /// <summary>Ids that never begin a text. Default: none.</summary>
    public IReadOnlyList<int> BeginSuppressTokens { get; init; } = [];

    /// <summary>Id of the token after a prompt of one token: the first that an encoder-decoder writes. Default null: free.</summary>
    public int? ForcedBeginToken { get; init; }

    /// <summary>Ids of which one ends a text that has reached its limit. Default: none.</summary>
    public IReadOnlyList<int> ForcedEndTokens { get; init; } = [];

    /// <summary>From when on end tokens become more likely, and how fast. Default null: never.</summary>
    public ExponentialDecay? ExponentialDecayLengthPenalty { get; init; }

    /// <summary>Whether scores that are no finite numbers become finite ones (barred tokens, too); default false: what is no number is an error.</summary>
    public bool RemoveInvalidValues { get; init; }

    /// <summary>Whether log-probabilities are made to add up again after all steps; default false. Beams compare sums of them.</summary>
    public bool RenormalizeLogits { get; init; }

    /// <summary>
    /// Whether a prompt gets the special tokens that the tokenizer puts around a text (Llama's and Gemma's begin-of-text token, an encoder's end token); default true, as in Hugging Face. False for a
    /// text that has them already, as a chat template writes it.
    /// </summary>
    public bool AddSpecialTokens { get; init; } = true;

    /// <summary>Id of the token that an encoder-decoder begins with; default null: that of the model's configuration.</summary>
    public int? DecoderStartToken { get; init; }

    /// <summary>Whether what has been read stays in memory; default true. False reads a text anew for every token: slow, and the same but for models whose early positions change with the length (dynamic rotary embeddings).</summary>
    public bool UseCache { get; init; } = true;

    /// <summary>Number of a prompt and the tokens so far to the ids that may follow, at least one; default null: all. It cannot be saved.</summary>
    [JsonIgnore]
    public Func<int, IReadOnlyList<int>, IReadOnlyList<int>>? AllowedTokens { get; init; }

    /// <summary>Steps of one's own, after all others but temperature and cuts. Default: none. They cannot be saved.</summary>
    [JsonIgnore]
    public IReadOnlyList<ILogitsProcessor> Processors { get; init; } = [];

    /// <summary>Keys of a checkpoint's generation settings that change no text (see <see cref="FromJson"/>). Default: none.</summary>
    public IReadOnlyDictionary<string, JsonElement> OtherKeys { get; init; } = new Dictionary<string, JsonElement>();

    /// <summary>Whether tokens are drawn.</summary>
    internal bool Samples => DoSample ?? (Temperature > 0 && Beams == 1 && ContrastivePenalty == 0);

    /// <summary>
    /// The settings that a checkpoint recommends: <c>generation_config.json</c>, or where the folder has none, the generation keys of its <c>config.json</c>.
    /// </summary>
    /// <param name="folder">A folder of Hugging Face's layout.</param>
    /// <exception cref="FileNotFoundException">The folder has neither file.</exception>
    /// <exception cref="InvalidDataException">A value is not what its key asks for.</exception>
    /// <exception cref="NotSupportedException">A key asks for something that changes texts and that the library does not have; the message names it.</exception>
    public static GenerationOptions FromFolder(string folder) => GenerationConfigReader.ReadFolder(Require.Text(folder));

    /// <summary>
    /// The options that Hugging Face's <c>generate</c> would follow with these settings, its defaults included: no draw unless <c>do_sample</c>, the 50 best tokens in a draw,
    /// 20 new tokens unless a length is given. Keys that change no text, and unknown ones, are kept in <see cref="OtherKeys"/>.
    /// </summary>
    /// <param name="json">The content of a <c>generation_config.json</c>.</param>
    /// <exception cref="InvalidDataException">A value is not what its key asks for.</exception>
    /// <exception cref="NotSupportedException">A key asks for something that changes texts and that the library does not have; the message names it.</exception>
    public static GenerationOptions FromJson(JsonObject json) => GenerationConfigReader.Read(Require.NotNull(json), "generation_config.json");

    /// <summary>Demands that every option is in its range, and that those that choose the strategy do not contradict each other.</summary>
    /// <exception cref="ArgumentException">One is not, or they do; the message says which.</exception>
    public void Validate()
    {
        ValidateLengths();
        ValidateCuts();
        ValidatePenalties();
        ValidateStrategy();
    }

    private void ValidateLengths()
    {
        Require.AtLeast(MaxNewTokens, 1);
        if (MaxLength is int maximum) Require.AtLeast(maximum, 2, nameof(MaxLength));
        Require.Within(MinNewTokens, 0, MaxNewTokens);
        Require.AtLeast(MinLength, 0);
        if (MaxTime is TimeSpan time) Require.Argument(time >= TimeSpan.Zero, $"MaxTime must not be negative; received {time}.", nameof(MaxTime));
        Require.NotNull(StopStrings);
        Require.Argument(StopStrings.All(text => !string.IsNullOrEmpty(text)), "StopStrings must not hold an empty text: it would stop every text before it begins.", nameof(StopStrings));
    }

    private void ValidateCuts()
    {
        Require.NotNegative(Temperature);
        Require.Within(TopH, 0.0, 1.0);
        Require.AtLeast(TopK, 0);
        Require.Within(TopP, 0.0, 1.0);
        Require.Within(MinP, 0.0, 1.0);
        Require.Within(TypicalP, double.Epsilon, 1.0);
        Require.Below(EpsilonCutoff, 0.0, 1.0);
        Require.Below(EtaCutoff, 0.0, 1.0);
        Require.Within(Mirostat, 0, 2);
        Require.Positive(MirostatTarget);
        Require.Positive(MirostatRate);
    }

    private void ValidatePenalties()
    {
        Require.Positive(RepetitionPenalty);
        Require.Positive(EncoderRepetitionPenalty);
        Require.Finite(FrequencyPenalty);
        Require.Finite(PresencePenalty);
        Require.AtLeast(NoRepeatNGramSize, 0);
        Require.AtLeast(EncoderNoRepeatNGramSize, 0);
        Require.Argument(Require.NotNull(BadWords).All(word => word is { Count: > 0 }), "BadWords must not hold a sequence without tokens.", nameof(BadWords));
        Require.Argument(Require.NotNull(SequenceBiases).All(bias => bias.Tokens is { Count: > 0 } && double.IsFinite(bias.Bias)), "SequenceBiases must be finite, and none without tokens.", nameof(SequenceBiases));
        Require.NotNull(SuppressTokens);
        Require.NotNull(BeginSuppressTokens);
        Require.NotNull(ForcedEndTokens);
        Require.NotNull(Processors);
        Require.NotNull(OtherKeys);
        if (ExponentialDecayLengthPenalty is null) return;
        Require.AtLeast(ExponentialDecayLengthPenalty.Start, 0);
        Require.Positive(ExponentialDecayLengthPenalty.Factor);
    }

    private void ValidateStrategy()
    {
        Require.AtLeast(Beams, 1);
        Require.Finite(LengthPenalty);
        Require.Argument(Enum.IsDefined(EarlyStopping), $"EarlyStopping must be one of {string.Join(", ", Enum.GetNames<BeamStopping>())}; received {EarlyStopping}.", nameof(EarlyStopping));
        Require.AtLeast(ReturnSequences, 1);
        Require.Within(ContrastivePenalty, 0.0, 1.0);
        Require.AtLeast(PromptLookupTokens, 0);
        Require.AtLeast(PromptLookupNGramSize, 1);
        Require.AtLeast(AssistantTokens, 1);
        Require.Argument(Enum.IsDefined(AssistantSchedule), $"AssistantSchedule must be one of {string.Join(", ", Enum.GetNames<AssistantSchedule>())}; received {AssistantSchedule}.", nameof(AssistantSchedule));
        Require.Within(AssistantConfidence, 0.0, 1.0);

        Require.Argument(DoSample != true || Temperature > 0, "DoSample draws tokens, Temperature 0 takes the best: choose one of them.", nameof(DoSample));
        if (ReturnSequences > 1)
        {
            Require.Argument(Beams > 1 ? ReturnSequences <= Beams : Samples,
                $"ReturnSequences must be 1 where the best token is taken, and at most Beams with beams, since there are no other texts; received {ReturnSequences} with {Beams} beams. Draw the tokens, or take more beams.", nameof(ReturnSequences));
        }
        if (ContrastivePenalty > 0)
        {
            Require.Argument(Beams == 1 && DoSample != true, "ContrastivePenalty weighs the best tokens of one text: it goes neither with Beams nor with DoSample.", nameof(ContrastivePenalty));
            Require.Argument(TopK > 1, $"ContrastivePenalty needs a TopK of at least 2, the tokens that it weighs; received {TopK}.", nameof(ContrastivePenalty));
        }
        if (Mirostat > 0)
        {
            Require.Argument(Samples && Beams == 1, "Mirostat draws tokens of one text: it goes neither with Beams nor with ContrastivePenalty, nor where the best token is taken.", nameof(Mirostat));
            Require.Argument(this is { TopH: 0, TopK: 0, TopP: 1, MinP: 0, TypicalP: 1, EpsilonCutoff: 0, EtaCutoff: 0 }, "Mirostat chooses how many tokens a draw is made from: leave TopH, TopK, TopP, MinP, TypicalP, EpsilonCutoff and EtaCutoff at their defaults.", nameof(Mirostat));
        }
        if (PromptLookupTokens > 0) RequireOneTokenAfterTheOther(nameof(PromptLookupTokens));
    }

    /// <summary>Demands a strategy that drafts can speed up.</summary>
    internal void RequireOneTokenAfterTheOther(string what) =>
        Require.Argument(Beams == 1 && ContrastivePenalty == 0 && Mirostat == 0, $"{what} proposes the next tokens of one text, best or drawn: it goes neither with Beams, ContrastivePenalty nor Mirostat.", what);
}
