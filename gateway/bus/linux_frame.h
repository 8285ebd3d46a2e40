/* Linux struct can_frame, 16 bytes, as SocketCAN and our hub carry it. */
#ifndef GATEWAY_BUS_LINUX_FRAME_H
#define GATEWAY_BUS_LINUX_FRAME_H

#include "libs/base/err.h"
#include "libs/proto/can.h"

#include <linux/can.h>

void linux_frame_from_msg(const struct can_msg *msg, struct can_frame *frame);

/* ERR_BAD_INPUT: an error frame, a remote request, a standard identifier or a wrong length. */
MUST_USE enum err linux_frame_to_msg(const struct can_frame *frame, struct can_msg *msg);
#endif
