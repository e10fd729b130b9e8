using Microsoft.ML.LlmFineTune.Models;

namespace Microsoft.ML.LlmFineTune.Adapters;

/// <summary>What is adapted where nobody says it: for each family what PEFT takes, or for families that PEFT has no word on, the like modules.</summary>
internal static class FamilyTargets
{
    /// <summary>For LoRA: projections of queries and values, or all three where they are one matrix.</summary>
    public static ModuleSelection Lora(ModelConfig config) => ModuleSelection.Of(config.Family switch
    {
        "gpt2" => ["c_attn"],
        "gpt_neox" => ["query_key_value"],
        "t5" or "mpnet" => ["q", "v"],
        "albert" or "bert" or "camembert" or "electra" or "roberta" or "xlm-roberta" => ["query", "value"],
        "deberta-v2" => ["query_proj", "value_proj"],
        "distilbert" => ["q_lin", "v_lin"],
        "modernbert" => ["Wqkv"],
        "phi3" => ["qkv_proj"],
        "recurrent" => throw Unknown(config),
        _ => ["q_proj", "v_proj"],
    });

    /// <summary>For (IA)3: keys, values and the last feed-forward layer, which is the last of the names.</summary>
    public static IReadOnlyList<string> Ia3(ModelConfig config) => config.Family switch
    {
        "gpt2" => ["c_attn", "mlp.c_proj"],
        "gpt_neox" => ["query_key_value", "dense_4h_to_h"],
        "t5" => ["k", "v", "wo"],
        "albert" => ["key", "value", "ffn_output"],
        "bert" or "camembert" or "electra" or "roberta" or "xlm-roberta" => ["key", "value", "output.dense"],
        "bart" or "marian" => ["k_proj", "v_proj", "fc2"],
        "deberta-v2" => ["key_proj", "value_proj", "output.dense"],
        "distilbert" => ["k_lin", "v_lin", "ffn.lin2"],
        "modernbert" => ["Wqkv", "mlp.Wo"],
        "mpnet" => ["k", "v", "output.dense"],
        "phi3" => ["qkv_proj", "down_proj"],
        "recurrent" => throw Unknown(config),
        _ => ["k_proj", "v_proj", "down_proj"],
    };

    private static NotSupportedException Unknown(ModelConfig config) => new($"Nobody has said what of '{config.Family}' is usually adapted. Set the options' Targets.");
}
