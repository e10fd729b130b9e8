using System.Text.Json.Nodes;
using static TorchSharp.torch;

namespace Microsoft.ML.LlmFineTune.Tests.Models;

/// <summary>Encoders written out in loops and double precision, from a configuration's keys and a checkpoint's tensors: another way to the same numbers.</summary>
internal sealed class NaiveEncoder(JsonObject config, IReadOnlyDictionary<string, Tensor> tensors)
{
    private readonly Dictionary<string, double[]> _weights = tensors.ToDictionary(entry => entry.Key, entry => (double[])[.. entry.Value.detach().to(ScalarType.Float64).contiguous().data<double>()], StringComparer.Ordinal);

    /// <summary>The hidden states of one text without padding: [sequence][width].</summary>
    public double[][] Read(int[] tokens, int[]? segments = null) => (string)config["model_type"]! == "modernbert" ? ModernBert(tokens) : Deberta(tokens, segments);

    private double[][] Deberta(int[] tokens, int[]? segments)
    {
        (int width, int heads) = (Int("hidden_size"), Int("num_attention_heads"));
        double epsilon = Double("layer_norm_eps");
        int headSize = width / heads, length = tokens.Length;
        int embeddingWidth = config.ContainsKey("embedding_size") ? Int("embedding_size") : width;
        string[] kinds = [.. config["pos_att_type"]?.AsArray().Select(name => (string)name!) ?? []];
        (bool c2p, bool p2c, bool relative) = (kinds.Contains("c2p"), kinds.Contains("p2c"), Bool("relative_attention"));
        double scale = 1 / Math.Sqrt(headSize * (1 + (c2p ? 1 : 0) + (p2c ? 1 : 0)));

        double[][] embedded = new double[length][];
        for (int i = 0; i < length; i++)
        {
            double[] sum = Row("embeddings.word_embeddings.weight", tokens[i], embeddingWidth);
            if (Bool("position_biased_input")) sum = Add(sum, Row("embeddings.position_embeddings.weight", i, embeddingWidth));
            if (Int("type_vocab_size") > 0) sum = Add(sum, Row("embeddings.token_type_embeddings.weight", segments?[i] ?? 0, embeddingWidth));
            if (embeddingWidth != width) sum = Linear(sum, "embeddings.embed_proj", width);
            embedded[i] = Norm(sum, "embeddings.LayerNorm", epsilon);
        }

        int largest = Int("max_relative_positions") < 1 ? Int("max_position_embeddings") : Int("max_relative_positions");
        int buckets = Int("position_buckets"), span = buckets > 0 ? buckets : largest;
        double[][] table = [];
        if (relative && (c2p || p2c))
        {
            table = [.. Enumerable.Range(0, 2 * span).Select(row => Row("encoder.rel_embeddings.weight", row, width))];
            if ((string)config["norm_rel_ebd"]! == "layer_norm") table = [.. table.Select(row => Norm(row, "encoder.LayerNorm", epsilon))];
        }

        double[][] hidden = embedded;
        for (int layer = 0; layer < Int("num_hidden_layers"); layer++)
        {
            string name = $"encoder.layer.{layer}", self = $"{name}.attention.self";
            double[][] query = Each(hidden, x => Linear(x, $"{self}.query_proj", width)), key = Each(hidden, x => Linear(x, $"{self}.key_proj", width)), value = Each(hidden, x => Linear(x, $"{self}.value_proj", width));
            bool shares = Bool("share_att_key");
            double[][] positionKey = c2p ? Each(table, x => Linear(x, shares ? $"{self}.key_proj" : $"{self}.pos_key_proj", width)) : [];
            double[][] positionQuery = p2c ? Each(table, x => Linear(x, shares ? $"{self}.query_proj" : $"{self}.pos_query_proj", width)) : [];
            double[][] attended = Attend(heads, headSize, query, key, value, (head, i, j) =>
            {
                double score = Dot(query[i], key[j], head, headSize);
                if (!relative) return score * scale;
                int forward = Math.Clamp(Bucket(i - j, buckets, largest) + span, 0, (2 * span) - 1), backward = Math.Clamp(-Bucket(j - i, buckets, largest) + span, 0, (2 * span) - 1);
                if (c2p) score += Dot(query[i], positionKey[forward], head, headSize);
                if (p2c) score += Dot(key[j], positionQuery[backward], head, headSize);
                return score * scale;
            });
            double[][] previous = hidden;
            double[][] middle = Pairs(attended, previous, (a, h) => Norm(Add(Linear(a, $"{name}.attention.output.dense", width), h), $"{name}.attention.output.LayerNorm", epsilon));
            hidden = Each(middle, x => Norm(Add(Linear(Activate("hidden_act", Linear(x, $"{name}.intermediate.dense", Int("intermediate_size"))), $"{name}.output.dense", width), x), $"{name}.output.LayerNorm", epsilon));
            if (layer == 0 && config.ContainsKey("conv_kernel_size"))
            {
                double[][] convolved = Convolve(embedded, width);
                hidden = Pairs(hidden, convolved, (h, c) => Norm(Add(h, Activate("conv_act", c)), "encoder.conv.LayerNorm", epsilon));
            }
        }
        return hidden;
    }

    private double[][] ModernBert(int[] tokens)
    {
        (int width, int heads, int inner) = (Int("hidden_size"), Int("num_attention_heads"), Int("intermediate_size"));
        double epsilon = Double("norm_eps");
        int headSize = width / heads;
        double[][] hidden = [.. tokens.Select(token => Norm(Row("embeddings.tok_embeddings.weight", token, width), "embeddings.norm", epsilon))];
        for (int layer = 0; layer < Int("num_hidden_layers"); layer++)
        {
            string name = $"layers.{layer}", type = (string)config["layer_types"]![layer]!;
            double theta = (double)config["rope_parameters"]![type]!["rope_theta"]!;
            int reach = type == "full_attention" ? int.MaxValue : Int("local_attention") / 2;
            double[][] together = Each(hidden, x => Linear(layer == 0 ? x : Norm(x, $"{name}.attn_norm", epsilon), $"{name}.attn.Wqkv", 3 * width));
            double[][] query = [.. together.Select((x, i) => Rotate(x[..width], i, headSize, theta))], key = [.. together.Select((x, i) => Rotate(x[width..(2 * width)], i, headSize, theta))], value = Each(together, x => x[(2 * width)..]);
            double[][] attended = Attend(heads, headSize, query, key, value, (head, i, j) => Math.Abs(i - j) > reach ? double.NegativeInfinity : Dot(query[i], key[j], head, headSize) / Math.Sqrt(headSize));
            hidden = Pairs(hidden, attended, (h, a) => Add(h, Linear(a, $"{name}.attn.Wo", width)));
            hidden = Each(hidden, x =>
            {
                double[] both = Linear(Norm(x, $"{name}.mlp_norm", epsilon), $"{name}.mlp.Wi", 2 * inner);
                double[] gate = Activate("hidden_activation", both[..inner]);
                return Add(x, Linear([.. gate.Select((g, i) => g * both[inner + i])], $"{name}.mlp.Wo", width));
            });
        }
        return Each(hidden, x => Norm(x, "final_norm", epsilon));
    }

    private static double[] Rotate(double[] x, int position, int headSize, double theta)
    {
        double[] turned = [.. x];
        int half = headSize / 2;
        for (int start = 0; start < x.Length; start += headSize)
        {
            for (int i = 0; i < half; i++)
            {
                (double sine, double cosine) = Math.SinCos(position * Math.Pow(theta, -2.0 * i / headSize));
                (double a, double b) = (x[start + i], x[start + half + i]);
                (turned[start + i], turned[start + half + i]) = ((a * cosine) - (b * sine), (b * cosine) + (a * sine));
            }
        }
        return turned;
    }

    private static int Bucket(int distance, int buckets, int largest)
    {
        if (buckets <= 0) return distance;
        int middle = buckets / 2, size = Math.Abs(distance);
        if (size <= middle) return distance;
        return Math.Sign(distance) * ((int)Math.Ceiling(Math.Log((double)size / middle) / Math.Log((largest - 1.0) / middle) * (middle - 1)) + middle);
    }

    private double[][] Convolve(double[][] text, int width)
    {
        (int size, int groups) = (Int("conv_kernel_size"), Int("conv_groups"));
        (double[] kernel, double[] bias) = (_weights["encoder.conv.conv.weight"], _weights["encoder.conv.conv.bias"]);
        int groupWidth = width / groups;
        double[][] result = new double[text.Length][];
        for (int i = 0; i < text.Length; i++)
        {
            result[i] = new double[width];
            for (int output = 0; output < width; output++)
            {
                double sum = bias[output];
                for (int input = 0; input < groupWidth; input++)
                {
                    for (int place = 0; place < size; place++)
                    {
                        int from = i + place - (size / 2);
                        if (from >= 0 && from < text.Length) sum += kernel[(((output * groupWidth) + input) * size) + place] * text[from][(output / groupWidth * groupWidth) + input];
                    }
                }
                result[i][output] = sum;
            }
        }
        return result;
    }

    private static double[][] Attend(int heads, int headSize, double[][] query, double[][] key, double[][] value, Func<int, int, int, double> score)
    {
        double[][] result = [.. query.Select(row => new double[row.Length])];
        for (int head = 0; head < heads; head++)
        {
            for (int i = 0; i < query.Length; i++)
            {
                double[] scores = [.. Enumerable.Range(0, key.Length).Select(j => score(head, i, j))];
                double[] powers = [.. scores.Select(s => Math.Exp(s - scores.Max()))];
                for (int j = 0; j < key.Length; j++)
                {
                    for (int d = head * headSize; d < (head + 1) * headSize; d++) result[i][d] += powers[j] / powers.Sum() * value[j][d];
                }
            }
        }
        return result;
    }

    private static double Dot(double[] a, double[] b, int head, int headSize)
    {
        double sum = 0;
        for (int d = head * headSize; d < (head + 1) * headSize; d++) sum += a[d] * b[d];
        return sum;
    }

    private double[] Activate(string key, double[] x) => (string)config[key]! switch
    {
        "gelu" => [.. x.Select(v => v * 0.5 * (1 + tensor(v / Math.Sqrt(2)).erf().item<double>()))],
        "tanh" => [.. x.Select(Math.Tanh)],
        "relu" => [.. x.Select(v => Math.Max(v, 0))],
        string other => throw new NotSupportedException(other),
    };

    private double[] Linear(double[] x, string name, int outputs)
    {
        double[] weight = _weights[$"{name}.weight"];
        double[]? bias = _weights.GetValueOrDefault($"{name}.bias");
        double[] y = new double[outputs];
        for (int o = 0; o < outputs; o++)
        {
            y[o] = bias?[o] ?? 0;
            for (int i = 0; i < x.Length; i++) y[o] += weight[(o * x.Length) + i] * x[i];
        }
        return y;
    }

    private double[] Norm(double[] x, string name, double epsilon)
    {
        double[] weight = _weights[$"{name}.weight"];
        double[]? bias = _weights.GetValueOrDefault($"{name}.bias");
        double mean = x.Average(), variance = x.Average(v => (v - mean) * (v - mean));
        return [.. x.Select((v, i) => ((v - mean) / Math.Sqrt(variance + epsilon) * weight[i]) + (bias?[i] ?? 0))];
    }

    private double[] Row(string name, int row, int width) => _weights[name][(row * width)..((row + 1) * width)];

    private static double[] Add(double[] a, double[] b) => [.. a.Select((v, i) => v + b[i])];

    private static double[][] Each(double[][] rows, Func<double[], double[]> map) => [.. rows.Select(map)];

    private static double[][] Pairs(double[][] a, double[][] b, Func<double[], double[], double[]> map) => [.. a.Select((row, i) => map(row, b[i]))];

    private int Int(string key) => (int)config[key]!;

    private double Double(string key) => (double)config[key]!;

    private bool Bool(string key) => (bool)config[key]!;
}
