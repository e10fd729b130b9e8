namespace Microsoft.ML.LlmFineTune.Runtime;

/// <summary>A module that knows what its parameters are for.</summary>
public interface IParameterRoles
{
    /// <summary>What a parameter is for; null where the module does not know.</summary>
    /// <param name="parameter">The name under which the module registers it.</param>
    ParameterRole? RoleOf(string parameter);
}
