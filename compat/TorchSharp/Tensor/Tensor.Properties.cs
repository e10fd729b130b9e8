using TorchSharp.Native;

namespace TorchSharp;

public static partial class torch
{
    public partial class Tensor
    {
        public ScalarType dtype => (ScalarType)Shim.llm_dtype(Handle);

        public long Dimensions => Shim.llm_dim(Handle);
        public long ndim => Dimensions;
        public long dim() => Dimensions;

        public long NumberOfElements => Shim.llm_numel(Handle);
        public long numel() => NumberOfElements;

        public long ElementSize => Shim.llm_element_size(Handle);
        public long element_size() => ElementSize;

        public unsafe long[] shape
        {
            get
            {
                var sizes = new long[Dimensions];
                fixed (long* p = sizes) Shim.llm_sizes(Handle, p);
                return sizes;
            }
        }
        public long[] size() => shape;
        public long size(int dim)
        {
            var size = Shim.llm_size(Handle, dim);
            return size >= 0 ? size : throw Shim.Failure();
        }

        public unsafe long[] stride()
        {
            var strides = new long[Dimensions];
            fixed (long* p = strides) Shim.Check(Shim.llm_strides(Handle, p));
            return strides;
        }
        public long stride(int dim)
        {
            var strides = stride();
            return strides[dim < 0 ? dim + strides.Length : dim];
        }
        public long storage_offset() => Shim.llm_storage_offset(Handle);
        public bool is_contiguous() => Shim.llm_is_contiguous(Handle) != 0;
        public bool is_sparse => Shim.llm_is_sparse(Handle) != 0;

        public Device device => Device.Unpack(Shim.llm_device(Handle));
        public DeviceType device_type => (DeviceType)(Shim.llm_device(Handle) >> 8);
        public int device_index => (sbyte)(Shim.llm_device(Handle) & 0xff);
        public bool is_cpu() => device_type == DeviceType.CPU;
        public bool is_cuda => device_type == DeviceType.CUDA;
        public bool is_meta => device_type == DeviceType.META;

        public bool is_floating_point() => torch.is_floating_point(dtype);
        public bool is_integral() => torch.is_integral(dtype);
        public bool is_complex() => torch.is_complex(dtype);
        public bool is_nonzero() => numel() == 1 ? Ops.IsNonzero.CallBool(this) : throw new InvalidOperationException("is_nonzero() called on non-singleton tensor");

        public bool is_leaf => Shim.llm_is_leaf(Handle) != 0;
        public bool requires_grad
        {
            get => Shim.llm_requires_grad(Handle) != 0;
            set => Shim.Check(Shim.llm_set_requires_grad(Handle, value ? 1 : 0));
        }
        public Tensor requires_grad_(bool requires_grad = true)
        {
            this.requires_grad = requires_grad;
            return this;
        }
        public Tensor with_requires_grad(bool requires_grad = true) => requires_grad_(requires_grad);

        /// <summary>The gradient, in a new wrapper at each reading; a tensor that is set here is the one that backward adds to.</summary>
        public Tensor? grad
        {
            get
            {
                var handle = Shim.llm_grad(Handle);
                return handle == 0 ? null : new Tensor(handle);
            }
            set
            {
                Shim.Check(Shim.llm_set_grad(Handle, value is null ? 0 : value.Handle));
                GC.KeepAlive(value);
            }
        }
        public void retain_grad() => Shim.Check(Shim.llm_retain_grad(Handle));

        public void backward() => autograd.backward([this]);
        public void backward(IList<Tensor>? grad_tensors = null, bool retain_graph = false, bool create_graph = false, IList<Tensor>? inputs = null) =>
            autograd.backward([this], grad_tensors!, retain_graph, create_graph, inputs!);
    }
}
