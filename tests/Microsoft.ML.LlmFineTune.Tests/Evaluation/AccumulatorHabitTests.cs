using System.Reflection;
using Microsoft.ML.LlmFineTune.Evaluation;
using Xunit;

namespace Microsoft.ML.LlmFineTune.Tests.Evaluation;

public sealed class AccumulatorHabitTests
{
    public static TheoryData<Type> All => [.. typeof(BleuAccumulator).Assembly.GetExportedTypes().Where(type => type.Name.Split('`')[0].EndsWith("Accumulator", StringComparison.Ordinal) && !type.IsAbstract)
        .Select(type => type.IsGenericType ? type.MakeGenericType([.. type.GetGenericArguments().Select(_ => typeof(string))]) : type)];

    [Fact]
    public void There_are_accumulators_of_every_kind() => Assert.True(All.Count > 30, $"{All.Count}");

    [Theory]
    [MemberData(nameof(All))]
    public void Every_accumulator_merges_and_computes(Type type)
    {
        MethodInfo[] methods = type.GetMethods(BindingFlags.Public | BindingFlags.Instance);
        Assert.Contains(methods, method => method.Name == "Compute");
        Assert.DoesNotContain(methods, method => method.Name is "ToMetrics" or "Fit" || (method.Name == "Add" && method.GetParameters().Any(parameter => parameter.ParameterType == type)));
        MethodInfo? merge = type.GetMethod("Merge", [type]);
        Assert.NotNull(merge);
        object accumulator = Create(type);
        // What it counted would count twice.
        Assert.IsType<ArgumentException>(Assert.Throws<TargetInvocationException>(() => merge.Invoke(accumulator, [accumulator])).InnerException);
        Assert.IsType<ArgumentNullException>(Assert.Throws<TargetInvocationException>(() => merge.Invoke(accumulator, [null])).InnerException);
        merge.Invoke(accumulator, [Create(type)]);
    }

    private static object Create(Type type)
    {
        ConstructorInfo constructor = type.GetConstructors()[0];
        return constructor.Invoke([.. constructor.GetParameters().Select(parameter => parameter.HasDefaultValue ? parameter.DefaultValue : parameter.ParameterType == typeof(int) ? 3 : new[] { 1, 2 })]);
    }
}
