"""A file for a loop device that remembers every write and every flush in the order in which they came.

It is served through /dev/fuse by a thread of this process: the kernel's loop driver writes each block straight
through to it and turns a flush of the block device into an fsync, so that the log tells what a real disk with a
volatile cache would have been asked for.
"""

import ctypes
import errno
import os
import struct
import threading
import time

LOOKUP, FORGET, GETATTR, SETATTR, OPEN, READ, WRITE, STATFS, RELEASE = 1, 2, 3, 4, 14, 15, 16, 17, 18
FSYNC, FLUSH, INIT, OPENDIR, READDIR, RELEASEDIR, ACCESS, INTERRUPT, DESTROY, BATCH_FORGET = (
    20, 25, 26, 27, 28, 29, 34, 36, 38, 42)
ROOT, DISK = 1, 2
WRITE_BYTES_MAX = 128 * 1024
REQUEST_BYTES_MAX = WRITE_BYTES_MAX + 4096
BIG_WRITES = 1 << 5
LIBC = ctypes.CDLL(None, use_errno=True)


class Recorder:
    """Serves `<folder>/disk`, backed by the file `image`. `log` holds (offset, bytes) for a write, None for a flush."""

    def __init__(self, folder, image):
        self.folder, self.log, self.lock = folder, [], threading.Lock()
        self.image = os.open(image, os.O_RDWR)
        self.size = os.fstat(self.image).st_size
        self.fuse = os.open("/dev/fuse", os.O_RDWR)
        options = f"fd={self.fuse},rootmode=40000,user_id=0,group_id=0,allow_other".encode()
        if LIBC.mount(b"recorder", folder.encode(), b"fuse", 6, options) != 0:
            raise OSError(ctypes.get_errno(), "cannot mount a FUSE file system; are you root?")
        self.thread = threading.Thread(target=self.serve, daemon=True)
        self.thread.start()

    def disk(self):
        return os.path.join(self.folder, "disk")

    def position(self):
        with self.lock:
            return len(self.log)

    def close(self):
        LIBC.umount2(self.folder.encode(), 2)
        self.thread.join(10)
        os.close(self.fuse)
        os.close(self.image)

    def serve(self):
        while True:
            try:
                request = os.read(self.fuse, REQUEST_BYTES_MAX)
            except OSError as error:
                if error.errno in (errno.EINTR, errno.ENOENT, errno.EAGAIN):
                    continue
                return
            _, opcode, unique, node = struct.unpack_from("<IIQQ", request)
            if opcode in (FORGET, BATCH_FORGET, INTERRUPT):
                continue
            try:
                code, body = 0, self.answer(opcode, node, request[40:])
            except OSError as error:
                code, body = -error.errno, b""
            try:
                os.write(self.fuse, struct.pack("<IiQ", 16 + len(body), code, unique) + body)
            except OSError as error:
                # Whoever asked was interrupted, or the file system is gone: nobody waits for the answer.
                if error.errno not in (errno.ENOENT, errno.ENODEV, errno.EINVAL):
                    raise
            if opcode == DESTROY:
                return

    def attributes(self, node):
        mode, size = (0o40755, 0) if node == ROOT else (0o100600, self.size)
        now = int(time.time())
        return struct.pack("<QQQQQQIIIIIIIIII", node, size, size // 512, now, now, now, 0, 0, 0, mode, 1, 0, 0, 0,
                           4096, 0)

    def answer(self, opcode, node, body):
        if opcode == INIT:
            readahead = struct.unpack_from("<I", body, 8)[0]
            return struct.pack("<IIIIHHIIHHIIIIIIII", 7, 31, readahead, BIG_WRITES, 16, 12, WRITE_BYTES_MAX, 1, 0, 0,
                               *[0] * 8)[:64].ljust(64, b"\0")
        if opcode == LOOKUP:
            if body.rstrip(b"\0") != b"disk":
                raise OSError(errno.ENOENT, "")
            return struct.pack("<QQQQII", DISK, 0, 3600, 3600, 0, 0) + self.attributes(DISK)
        if opcode in (GETATTR, SETATTR):
            return struct.pack("<QII", 3600, 0, 0) + self.attributes(node)
        if opcode in (OPEN, OPENDIR):
            return struct.pack("<QII", 1, 0, 0)
        if opcode == READ:
            _, offset, size = struct.unpack_from("<QQI", body)
            return os.pread(self.image, size, offset)
        if opcode == WRITE:
            _, offset, size = struct.unpack_from("<QQI", body)
            data = body[40:40 + size]
            with self.lock:
                os.pwrite(self.image, data, offset)
                self.log.append((offset, data))
            return struct.pack("<II", size, 0)
        if opcode == FSYNC:
            with self.lock:
                if self.log and self.log[-1] is not None:
                    self.log.append(None)
            return b""
        if opcode == STATFS:
            return struct.pack("<QQQQQIIII", 1 << 20, 1 << 20, 1 << 20, 1, 1, 4096, 255, 4096, 0) + bytes(24)
        if opcode in (FLUSH, RELEASE, RELEASEDIR, ACCESS, DESTROY, READDIR):
            return b""
        raise OSError(errno.ENOSYS, "")
