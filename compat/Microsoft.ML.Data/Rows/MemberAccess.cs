using System.Linq.Expressions;
using System.Reflection;

namespace Microsoft.ML.Data;

/// <summary>Compiled access to members of rows.</summary>
internal static class MemberAccess
{
    public static Func<TRow, T> Reader<TRow, T>(MemberInfo member)
    {
        var row = Expression.Parameter(typeof(TRow));
        return Expression.Lambda<Func<TRow, T>>(Expression.MakeMemberAccess(row, member), row).Compile();
    }

    public static Action<TRow, T> Writer<TRow, T>(MemberInfo member)
    {
        // Fields that only a constructor may assign are written by reflection, which may too.
        if (member is FieldInfo { IsInitOnly: true } field)
            return (target, written) => field.SetValue(target, written);
        var row = Expression.Parameter(typeof(TRow));
        var value = Expression.Parameter(typeof(T));
        return Expression.Lambda<Action<TRow, T>>(Expression.Assign(Expression.MakeMemberAccess(row, member), value), row, value).Compile();
    }
}
