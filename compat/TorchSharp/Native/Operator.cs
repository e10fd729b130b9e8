using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using static TorchSharp.torch;

namespace TorchSharp.Native;

/// <summary>An operator of libtorch, looked up by name at its first call. Missing trailing arguments take the schema's defaults.</summary>
internal sealed unsafe class Operator
{
    private const int StackRoom = 256;
    private readonly string _name, _overload;
    private nint _handle;

    internal Operator(string name)
    {
        var dot = name.IndexOf('.');
        _name = "aten::" + (dot < 0 ? name : name[..dot]);
        _overload = dot < 0 ? "" : name[(dot + 1)..];
    }

    /// <summary>Whether the libtorch in use has it.</summary>
    internal bool Exists => _handle != 0 || (_handle = Shim.llm_operator(_name, _overload)) != 0;

    /// <summary>A call with one tensor as its result.</summary>
    internal Tensor Call(params ReadOnlySpan<Argument> arguments)
    {
        Value result;
        Invoke(arguments, &result, 1);
        return new Tensor((nint)result.Bits);
    }

    /// <summary>A call that changes its first argument and returns it.</summary>
    internal Tensor InPlace(Tensor self, params ReadOnlySpan<Argument> arguments)
    {
        Value result;
        Invoke(arguments, &result, 1);
        if (result.Bits != 0) Shim.llm_release((nint)result.Bits);
        return self;
    }

    internal (Tensor, Tensor) CallTwo(params ReadOnlySpan<Argument> arguments)
    {
        var results = stackalloc Value[2];
        Invoke(arguments, results, 2);
        return (new Tensor((nint)results[0].Bits), new Tensor((nint)results[1].Bits));
    }

    internal (Tensor, Tensor, Tensor) CallThree(params ReadOnlySpan<Argument> arguments)
    {
        var results = stackalloc Value[3];
        Invoke(arguments, results, 3);
        return (new Tensor((nint)results[0].Bits), new Tensor((nint)results[1].Bits), new Tensor((nint)results[2].Bits));
    }

    /// <summary>A call with one list of tensors as its result.</summary>
    internal Tensor[] CallList(params ReadOnlySpan<Argument> arguments)
    {
        Value result;
        Invoke(arguments, &result, 1);
        var tensors = new Tensor[result.Count];
        var handles = (nint*)result.Bits;
        for (var i = 0; i < tensors.Length; i++) tensors[i] = new Tensor(handles[i]);
        Shim.llm_free_list((nint)handles);
        return tensors;
    }

    /// <summary>A call without a result.</summary>
    internal void Do(params ReadOnlySpan<Argument> arguments) => Invoke(arguments, null, 0);

    internal bool CallBool(params ReadOnlySpan<Argument> arguments)
    {
        Value result;
        Invoke(arguments, &result, 1);
        return result.Bits != 0;
    }

    /// <summary>A call with one number as its result.</summary>
    internal Value CallNumber(params ReadOnlySpan<Argument> arguments)
    {
        Value result;
        Invoke(arguments, &result, 1);
        return result;
    }

    [SkipLocalsInit]
    private void Invoke(ReadOnlySpan<Argument> arguments, Value* results, int capacity)
    {
        if (!Exists) throw Shim.Failure();
        var lists = 0L;
        foreach (ref readonly var a in arguments)
            if (a.Tag is Tag.IntList or Tag.TensorList or Tag.OptionalTensorList) lists += a.Bits;

        var values = stackalloc Value[arguments.Length];
        if (lists <= StackRoom)
        {
            var room = stackalloc long[(int)lists];
            Invoke(arguments, values, room, results, capacity);
        }
        else
        {
            fixed (long* room = new long[lists]) Invoke(arguments, values, room, results, capacity);
        }
    }

    private void Invoke(ReadOnlySpan<Argument> arguments, Value* values, long* room, Value* results, int capacity)
    {
        for (var i = 0; i < arguments.Length; i++)
        {
            ref readonly var a = ref arguments[i];
            values[i].Tag = a.Tag;
            values[i].Bits = a.Bits;
            switch (a.Tag)
            {
                case Tag.IntList:
                    var numbers = Unsafe.As<long[]>(a.Reference!);
                    numbers.CopyTo(new Span<long>(room, numbers.Length));
                    values[i].Count = numbers.Length;
                    values[i].Bits = (nint)room;
                    room += numbers.Length;
                    break;
                case Tag.TensorList or Tag.OptionalTensorList:
                    var tensors = Unsafe.As<Tensor?[]>(a.Reference!);
                    values[i].Count = tensors.Length;
                    values[i].Bits = (nint)room;
                    foreach (var t in tensors) *room++ = t is null && a.Tag == Tag.OptionalTensorList ? 0 : t!.Handle;
                    break;
                case Tag.String:
                    values[i].Count = Unsafe.As<byte[]>(a.Reference!).Length;
                    break;
            }
        }
        if (Shim.llm_call(_handle, values, arguments.Length, results, capacity) < 0) throw Shim.Failure();
        // Tensors inside of lists are kept by their arrays; this keeps both, and single tensors, past the call.
        foreach (ref readonly var a in arguments) GC.KeepAlive(a.Reference);
    }
}
