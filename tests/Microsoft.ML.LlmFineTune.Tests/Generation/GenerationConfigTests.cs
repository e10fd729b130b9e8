using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.ML.LlmFineTune.Generation;
using Microsoft.ML.LlmFineTune.Tests.Estimators;
using Xunit;

namespace Microsoft.ML.LlmFineTune.Tests.Generation;

/// <summary>A checkpoint's settings for generation.</summary>
public sealed class GenerationConfigTests
{
    [Fact]
    public void Without_any_key_the_references_defaults_hold()
    {
        GenerationOptions options = Read("{}");
        Assert.Equal((20, null, false, 50, 1, 1.0), (options.MaxNewTokens, options.MaxLength, options.DoSample, options.TopK, options.Beams, options.Temperature));
        Assert.Null(options.EndTokens);
        Assert.Empty(options.OtherKeys);
    }

    [Fact]
    public void Every_key_reaches_its_option()
    {
        GenerationOptions options = Read("""
            {
              "max_length": 40, "min_length": 3, "min_new_tokens": 2, "max_time": 1.5, "stop_strings": ["a", "b"], "early_stopping": "never", "do_sample": true, "num_beams": 4, "num_beam_groups": 1, "diversity_penalty": 0.0,
              "temperature": 0.7, "top_h": 0.5, "top_k": 0, "top_p": 0.9, "min_p": 0.05, "typical_p": 0.8, "epsilon_cutoff": 0.001, "eta_cutoff": 0.002, "repetition_penalty": 1.1, "encoder_repetition_penalty": 1.2, "length_penalty": 2.0,
              "no_repeat_ngram_size": 3, "encoder_no_repeat_ngram_size": 4, "bad_words_ids": [[1], [2, 3]], "sequence_bias": [[[4, 5], -1.5]], "renormalize_logits": true, "remove_invalid_values": true,
              "exponential_decay_length_penalty": [5, 1.3], "suppress_tokens": [6], "begin_suppress_tokens": [7, 8], "forced_bos_token_id": 9, "forced_eos_token_id": [10, 11], "num_return_sequences": 2, "eos_token_id": [12, 13],
              "decoder_start_token_id": 14, "max_matching_ngram_size": 3, "num_assistant_tokens": 7, "num_assistant_tokens_schedule": "heuristic_transient", "assistant_confidence_threshold": 0.2, "use_cache": false,
              "guidance_scale": 1.0, "token_healing": false, "watermarking_config": null, "pad_token_id": 15, "transformers_version": "5.23.0", "of_a_later_version": {"a": 1}
            }
            """);
        Assert.Equal((40, 40, 3, 2, TimeSpan.FromSeconds(1.5)), (options.MaxNewTokens, options.MaxLength!.Value, options.MinLength, options.MinNewTokens, options.MaxTime!.Value));
        Assert.Equal(["a", "b"], options.StopStrings);
        Assert.Equal((BeamStopping.Never, true, 4, 2, 2.0), (options.EarlyStopping, options.DoSample!.Value, options.Beams, options.ReturnSequences, options.LengthPenalty));
        Assert.Equal((0.7, 0.5, 0, 0.9, 0.05, 0.8, 0.001), (options.Temperature, options.TopH, options.TopK, options.TopP, options.MinP, options.TypicalP, options.EpsilonCutoff));
        Assert.Equal((0.002, 1.1, 1.2, 3, 4), (options.EtaCutoff, options.RepetitionPenalty, options.EncoderRepetitionPenalty, options.NoRepeatNGramSize, options.EncoderNoRepeatNGramSize));
        Assert.Equal([[1], [2, 3]], options.BadWords);
        Assert.Equal([4, 5], Assert.Single(options.SequenceBiases).Tokens);
        Assert.Equal(-1.5, options.SequenceBiases[0].Bias);
        Assert.True(options.RenormalizeLogits && options.RemoveInvalidValues && !options.UseCache);
        Assert.Equal(new ExponentialDecay(5, 1.3), options.ExponentialDecayLengthPenalty);
        Assert.Equal([6], options.SuppressTokens);
        Assert.Equal([7, 8], options.BeginSuppressTokens);
        Assert.Equal((9, 14), (options.ForcedBeginToken!.Value, options.DecoderStartToken!.Value));
        Assert.Equal([10, 11], options.ForcedEndTokens);
        Assert.Equal([12, 13], options.EndTokens);
        Assert.Equal((3, 7, AssistantSchedule.Heuristic, 0.2), (options.PromptLookupNGramSize, options.AssistantTokens, options.AssistantSchedule, options.AssistantConfidence));
        Assert.Equal(["of_a_later_version", "pad_token_id", "transformers_version"], options.OtherKeys.Keys.Order());
    }

    [Fact]
    public void The_strategy_is_the_references()
    {
        Assert.Equal(0.6, Read("""{"penalty_alpha": 0.6, "top_k": 4}""").ContrastivePenalty);
        Assert.Equal(0.6, Read("""{"penalty_alpha": 0.6}""").ContrastivePenalty);
        Assert.Equal(0, Read("""{"penalty_alpha": 0.6, "top_k": 1}""").ContrastivePenalty);
        Assert.Equal(0, Read("""{"penalty_alpha": 0.6, "top_k": 4, "do_sample": true}""").ContrastivePenalty);
        Assert.Equal(0, Read("""{"penalty_alpha": 0.6, "top_k": 4, "num_beams": 2}""").ContrastivePenalty);
        Assert.Equal(5, Read("""{"prompt_lookup_num_tokens": 5}""").PromptLookupTokens);
        Assert.Equal(BeamStopping.Immediate, Read("""{"early_stopping": true}""").EarlyStopping);
        Assert.Equal((8, null), (Read("""{"max_new_tokens": 8, "max_length": 100}""").MaxNewTokens, Read("""{"max_new_tokens": 8, "max_length": 100}""").MaxLength));
        Assert.Equal(["x"], Read("""{"stop_strings": "x"}""").StopStrings);
    }

    [Theory]
    [InlineData("""{"num_beam_groups": 2}""", "num_beam_groups")]
    [InlineData("""{"diversity_penalty": 0.5}""", "diversity_penalty")]
    [InlineData("""{"force_words_ids": [[1]]}""", "force_words_ids")]
    [InlineData("""{"constraints": []}""", "constraints")]
    [InlineData("""{"dola_layers": "low"}""", "dola_layers")]
    [InlineData("""{"guidance_scale": 1.5}""", "guidance_scale")]
    [InlineData("""{"watermarking_config": {}}""", "watermarking_config")]
    [InlineData("""{"token_healing": true}""", "token_healing")]
    [InlineData("""{"forced_decoder_ids": [[1, 2]]}""", "forced_decoder_ids")]
    [InlineData("""{"assistant_ensemble_weight": 0.5}""", "assistant_ensemble_weight")]
    [InlineData("""{"use_mtp": true}""", "use_mtp")]
    public void What_would_make_other_texts_is_refused_by_name(string json, string key) =>
        Assert.Contains($"'{key}'", Assert.Throws<NotSupportedException>(() => Read(json)).Message, StringComparison.Ordinal);

    [Theory]
    [InlineData("""{"num_beams": "four"}""", "'num_beams' must be a whole number; found \"four\"")]
    [InlineData("""{"temperature": []}""", "'temperature' must be a number")]
    [InlineData("""{"do_sample": 1}""", "'do_sample' must be true or false")]
    [InlineData("""{"early_stopping": "soon"}""", "'early_stopping' must be true, false or \"never\"")]
    [InlineData("""{"sequence_bias": [[1, 2]]}""", "'sequence_bias' must be a list of ids; found 1")]
    [InlineData("""{"exponential_decay_length_penalty": 3}""", "[start, factor]")]
    [InlineData("""{"bad_words_ids": [[]]}""", "BadWords")]
    [InlineData("""{"top_p": 2}""", "TopP must be from 0 to 1")]
    public void A_wrong_value_is_named(string json, string message) =>
        Assert.Contains(message, Assert.Throws<InvalidDataException>(() => Read(json)).Message, StringComparison.Ordinal);

    [Fact]
    public void A_folder_gives_its_own_file_or_the_models()
    {
        string folder = ScratchFolder.New();
        Assert.Throws<FileNotFoundException>(() => GenerationOptions.FromFolder(folder));
        File.WriteAllText(Path.Combine(folder, "config.json"), """{"model_type": "bart", "vocab_size": 99, "num_beams": 4, "length_penalty": 2.0, "max_length": 142, "forced_eos_token_id": 2, "decoder": {"no_repeat_ngram_size": 3}}""");
        GenerationOptions older = GenerationOptions.FromFolder(folder);
        Assert.Equal((4, 2.0, 142, 3), (older.Beams, older.LengthPenalty, older.MaxLength!.Value, older.NoRepeatNGramSize));
        Assert.Equal([2], older.ForcedEndTokens);
        Assert.Empty(older.OtherKeys);
        File.WriteAllText(Path.Combine(folder, "generation_config.json"), """{"num_beams": 2}""");
        Assert.Equal((2, 1.0), (GenerationOptions.FromFolder(folder).Beams, GenerationOptions.FromFolder(folder).LengthPenalty));
        File.WriteAllText(Path.Combine(folder, "generation_config.json"), "{");
        Assert.Contains("generation_config.json", Assert.Throws<InvalidDataException>(() => GenerationOptions.FromFolder(folder)).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("""{"top_k": 1, "top_k": 2}""", "uplicate")]
    [InlineData("""{"x": "\ud800"}""", "not valid JSON")]
    [InlineData("""[1]""", "must hold a JSON object")]
    [InlineData("""{"temperature": -1}""", "Temperature must be 0 or greater, and finite; received -1.")]
    [InlineData("""{"max_time": -1e300}""", "'max_time' must not be negative")]
    public void A_damaged_file_is_named_with_its_folder(string json, string message)
    {
        string folder = ScratchFolder.New();
        File.WriteAllText(Path.Combine(folder, "generation_config.json"), json);
        string said = Assert.Throws<InvalidDataException>(() => GenerationOptions.FromFolder(folder)).Message;
        Assert.Contains(folder, said, StringComparison.Ordinal);
        Assert.Contains(message, said, StringComparison.Ordinal);
        Assert.DoesNotContain("(Parameter", said, StringComparison.Ordinal);
    }

    [Fact]
    public void A_time_that_no_clock_counts_to_is_no_limit() =>
        Assert.Equal((null, TimeSpan.FromSeconds(1e9)), (Read("""{"max_time": 1e300}""").MaxTime, Read("""{"max_time": 1e9}""").MaxTime));

    [Fact]
    public void Bart_of_old_forces_the_token_that_begins_texts() =>
        Assert.Equal(3, Read("""{"force_bos_token_to_be_generated": true, "bos_token_id": 3}""").ForcedBeginToken);

    [Fact]
    public void Options_survive_json()
    {
        GenerationOptions options = Read("""{"bad_words_ids": [[1], [2, 3]], "sequence_bias": [[[4], 1.0]], "exponential_decay_length_penalty": [1, 2], "early_stopping": "never", "max_time": 3, "later": [1]}""") with { Seed = 7 };
        string json = JsonSerializer.Serialize(options);
        Assert.Equal(json, JsonSerializer.Serialize(JsonSerializer.Deserialize<GenerationOptions>(json)));
        Assert.Contains("\"EarlyStopping\":\"Never\"", json, StringComparison.Ordinal);
    }

    private static GenerationOptions Read(string json) => GenerationOptions.FromJson(JsonNode.Parse(json)!.AsObject());
}
