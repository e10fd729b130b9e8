namespace Microsoft.ML.Data;

/// <summary>A model that scores vectors of so many features.</summary>
internal interface IFeatureModel
{
    int FeatureCount { get; }
}

/// <summary>Gives a score for each class.</summary>
internal interface IMulticlassModel : IFeatureModel
{
    int ClassCount { get; }

    void Score(in VBuffer<float> features, Span<float> scores);
}

/// <summary>Gives one score, which is above 0 for the positive class.</summary>
internal interface IBinaryModel : IFeatureModel
{
    float Score(in VBuffer<float> features);
}
