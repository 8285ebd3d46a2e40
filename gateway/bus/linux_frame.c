#include "gateway/bus/linux_frame.h"

#include <string.h>

void linux_frame_from_msg(const struct can_msg *msg, struct can_frame *frame)
{
	memset(frame, 0, sizeof *frame);
	frame->can_id = msg->id | CAN_EFF_FLAG;
	frame->can_dlc = msg->len;
	memcpy(frame->data, msg->data, msg->len);
}

enum err linux_frame_to_msg(const struct can_frame *frame, struct can_msg *msg)
{
	if ((frame->can_id & (CAN_EFF_FLAG | CAN_RTR_FLAG | CAN_ERR_FLAG)) != CAN_EFF_FLAG ||
	    frame->can_dlc > CAN_MAX_DLEN)
		return ERR_BAD_INPUT;
	memset(msg, 0, sizeof *msg);
	msg->id = frame->can_id & CAN_EFF_MASK;
	msg->len = frame->can_dlc;
	memcpy(msg->data, frame->data, frame->can_dlc);
	return ERR_NONE;
}
