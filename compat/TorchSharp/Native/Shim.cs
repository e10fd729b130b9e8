using System.Runtime.InteropServices;

namespace TorchSharp.Native;

/// <summary>The C functions of native/shim.cpp. Those that neither wait nor call back skip the garbage collector's transition.</summary>
internal static unsafe partial class Shim
{
    [LibraryImport(NativeHalf.Name)] private static partial byte* llm_error();

    [LibraryImport(NativeHalf.Name, StringMarshalling = StringMarshalling.Utf8)] internal static partial nint llm_operator(string name, string overload);
    [LibraryImport(NativeHalf.Name)] internal static partial int llm_call(nint op, Value* arguments, int count, Value* results, int capacity);
    [LibraryImport(NativeHalf.Name)] internal static partial void llm_free_list(nint list);

    [LibraryImport(NativeHalf.Name)] internal static partial nint llm_share(nint t);
    [LibraryImport(NativeHalf.Name)] internal static partial void llm_release(nint t);
    [SuppressGCTransition, LibraryImport(NativeHalf.Name)] internal static partial int llm_dtype(nint t);
    [SuppressGCTransition, LibraryImport(NativeHalf.Name)] internal static partial long llm_dim(nint t);
    [SuppressGCTransition, LibraryImport(NativeHalf.Name)] internal static partial long llm_numel(nint t);
    [SuppressGCTransition, LibraryImport(NativeHalf.Name)] internal static partial long llm_element_size(nint t);
    [SuppressGCTransition, LibraryImport(NativeHalf.Name)] internal static partial void llm_sizes(nint t, long* sizes);
    [LibraryImport(NativeHalf.Name)] internal static partial long llm_size(nint t, long dim);
    [LibraryImport(NativeHalf.Name)] internal static partial int llm_strides(nint t, long* strides);
    [SuppressGCTransition, LibraryImport(NativeHalf.Name)] internal static partial long llm_storage_offset(nint t);
    [SuppressGCTransition, LibraryImport(NativeHalf.Name)] internal static partial long llm_device(nint t);
    [SuppressGCTransition, LibraryImport(NativeHalf.Name)] internal static partial int llm_is_contiguous(nint t);
    [SuppressGCTransition, LibraryImport(NativeHalf.Name)] internal static partial int llm_is_sparse(nint t);
    [LibraryImport(NativeHalf.Name)] internal static partial nint llm_data(nint t);
    [LibraryImport(NativeHalf.Name)] internal static partial nint llm_from_blob(void* data, long* sizes, int dims, int dtype, delegate* unmanaged<nint, void> release, nint state);
    [LibraryImport(NativeHalf.Name)] internal static partial nint llm_index(nint t, IndexItem* items, int count);
    [LibraryImport(NativeHalf.Name)] internal static partial int llm_index_put(nint t, IndexItem* items, int count, nint value);
    [SuppressGCTransition, LibraryImport(NativeHalf.Name)] internal static partial int llm_promote(int a, int b);

    [SuppressGCTransition, LibraryImport(NativeHalf.Name)] internal static partial int llm_requires_grad(nint t);
    [LibraryImport(NativeHalf.Name)] internal static partial int llm_is_leaf(nint t);
    [LibraryImport(NativeHalf.Name)] internal static partial int llm_set_requires_grad(nint t, int value);
    [LibraryImport(NativeHalf.Name)] internal static partial nint llm_grad(nint t);
    [LibraryImport(NativeHalf.Name)] internal static partial int llm_set_grad(nint t, nint gradient);
    [LibraryImport(NativeHalf.Name)] internal static partial int llm_retain_grad(nint t);
    [SuppressGCTransition, LibraryImport(NativeHalf.Name)] internal static partial int llm_grad_enabled();
    [SuppressGCTransition, LibraryImport(NativeHalf.Name)] internal static partial void llm_set_grad_enabled(int value);
    [LibraryImport(NativeHalf.Name)] internal static partial int llm_inference_enabled();
    [LibraryImport(NativeHalf.Name)] internal static partial nint llm_inference_begin(int value);
    [LibraryImport(NativeHalf.Name)] internal static partial void llm_inference_end(nint guard);
    [LibraryImport(NativeHalf.Name)] internal static partial int llm_anomaly();
    [LibraryImport(NativeHalf.Name)] internal static partial void llm_set_anomaly(int enabled, int checkNan);
    [LibraryImport(NativeHalf.Name)] internal static partial int llm_backward(nint* roots, int n, nint* gradients, int gradientCount, int retain, int create, nint* inputs, int inputCount);
    [LibraryImport(NativeHalf.Name)]
    internal static partial int llm_gradients(nint* outputs, int n, nint* inputs, int inputCount, nint* gradients, int gradientCount, int retain, int create, nint* results);

    [LibraryImport(NativeHalf.Name)] internal static partial void llm_set_callbacks(void* table);
    [LibraryImport(NativeHalf.Name)] internal static partial nint llm_apply(nint* inputs, int n, nint state);
    [LibraryImport(NativeHalf.Name)] internal static partial void llm_add(nint list, nint t);
    [LibraryImport(NativeHalf.Name)] internal static partial int llm_count(nint list);
    [LibraryImport(NativeHalf.Name)] internal static partial void llm_take(nint list, nint* handles);
    [LibraryImport(NativeHalf.Name)]
    internal static partial void llm_context_set(nint context, nint* saved, int savedCount, nint* dirty, int dirtyCount, nint* constant, int constantCount, int materialize);
    [LibraryImport(NativeHalf.Name)] internal static partial int llm_context_saved(nint context, nint* handles, int count);

    [LibraryImport(NativeHalf.Name)] internal static partial int llm_manual_seed(long seed);
    [LibraryImport(NativeHalf.Name)] internal static partial nint llm_generator(int shared, long seed);
    [LibraryImport(NativeHalf.Name)] internal static partial void llm_generator_release(nint g);
    [LibraryImport(NativeHalf.Name)] internal static partial long llm_generator_seed(nint g);
    [LibraryImport(NativeHalf.Name)] internal static partial void llm_generator_set_seed(nint g, long seed);
    [LibraryImport(NativeHalf.Name)] internal static partial nint llm_generator_state(nint g);
    [LibraryImport(NativeHalf.Name)] internal static partial int llm_generator_set_state(nint g, nint state);
    [LibraryImport(NativeHalf.Name)] internal static partial int llm_threads(int betweenOperators);
    [LibraryImport(NativeHalf.Name)] internal static partial int llm_set_threads(int betweenOperators, int count);
    [LibraryImport(NativeHalf.Name)] internal static partial int llm_cuda_count();
    [LibraryImport(NativeHalf.Name)] internal static partial int llm_cuda_seed(long seed);
    [LibraryImport(NativeHalf.Name)] internal static partial int llm_cuda_synchronize(long device);
    [LibraryImport(NativeHalf.Name)] internal static partial int llm_setting(int which, int value);

    /// <summary>The exception for the last failure in this thread.</summary>
    internal static ExternalException Failure() => new(Marshal.PtrToStringUTF8((nint)llm_error()));

    /// <summary>Throws where a function of the shim reported a failure.</summary>
    internal static void Check(int code)
    {
        if (code < 0) throw Failure();
    }

    /// <summary>Passes a handle on, or throws where there is none.</summary>
    internal static nint Check(nint handle) => handle != 0 ? handle : throw Failure();
}
