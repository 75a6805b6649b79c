// SPDX-License-Identifier: GPL-2.0-only
/*
 * sensor: a small but whole driver. It drives sensors, which are simulated.
 *
 *   /dev/sensor_exampleN                     0600  read(2): samples, ioctl(2): settings
 *   /sys/class/sensor_example/sensor_exampleN/
 *       period_ms                            0644  10 to 10000, 100 by default
 *       limit                                0644  any int, 40 by default
 *       state                                0444  "ok" or "high"; poll(2) and uevents tell
 *   parameter sensors: how many, 1 to 4, 2 by default
 *
 * Every period_ms, or somewhat later, a sensor takes a sample. Its last 64 samples are
 * kept. Each open file has a position of its own. When a value crosses the limit, the
 * state changes, and a uevent says so.
 *
 *   # cat /sys/class/sensor_example/sensor_example0/state
 *   ok
 *   # echo sensor_example.0 > /sys/bus/platform/drivers/sensor_example/unbind
 */
/* pr_err() puts this before each line. It must stand before the includes. */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/cdev.h>
#include <linux/device.h>
#include <linux/err.h>
#include <linux/fs.h>
#include <linux/idr.h>
#include <linux/jiffies.h>
#include <linux/kobject.h>
#include <linux/ktime.h>
#include <linux/module.h>
#include <linux/moduleparam.h>
#include <linux/mutex.h>
#include <linux/platform_device.h>
#include <linux/poll.h>
#include <linux/slab.h>
#include <linux/spinlock.h>
#include <linux/string.h>
#include <linux/sysfs.h>
#include <linux/timer.h>
#include <linux/uio.h>
#include <linux/wait.h>
#include <linux/workqueue.h>

#include "sensor.h"

#define DEVICES_MAX 4
#define MINORS 64 /* more than sensors: one that is gone keeps its number until the last close */
#define SAMPLES 64 /* a power of two, so that the sequence number can wrap around */
#define PERIOD_MIN 10 /* ms */
#define PERIOD_MAX 10000

/*
 * One sensor. Each open file keeps the cdev, the cdev keeps the device, and the
 * device's last user frees this struct. So it can outlive the hardware.
 */
struct sensor_example {
	struct device dev; /* counts the users: get_device(), put_device() */
	struct cdev cdev; /* the node */
	wait_queue_head_t wait; /* programs that wait for samples */
	struct timer_list timer;
	struct work_struct state_work; /* tells of a new state: the timer must not sleep */
	struct mutex settings_mutex; /* one change of the settings at a time */
	spinlock_t lock; /* guards all that follows */
	struct sensor_example_settings settings;
	struct sensor_example_sample samples[SAMPLES];
	u32 sequence; /* of the next sample */
	bool high;
	bool gone; /* the hardware is, or the driver was unbound from it */
};

/* One open file. */
struct sensor_example_reader {
	struct sensor_example *sensor;
	struct mutex position_mutex; /* two threads may share a file */
	u32 position; /* the sequence number to read next */
};

static dev_t sensor_example_devt; /* major number, and minor number 0 */
static DEFINE_IDA(sensor_example_minors);

/*
 * What a real sensor would answer. Ours goes from 0 to 50 and back, a step a sample.
 */
static s32 sensor_example_measure(u32 sequence)
{
	int phase = sequence % 100;

	return phase < 50 ? phase : 100 - phase;
}

/*
 * Takes a sample. Runs in softirq context: it must not sleep. The lock is taken with
 * interrupts off, because in your driver an interrupt handler may take it. If that
 * interrupted the holder of the lock, on the same processor, it would wait for ever.
 */
static void sensor_example_timer(struct timer_list *timer)
{
	struct sensor_example *sensor = container_of(timer, struct sensor_example, timer);
	struct sensor_example_sample sample;
	unsigned long flags;
	bool high;

	/* Without the lock, since hardware is slow. Only this function changes sequence. */
	sample.time_ns = ktime_get_ns();
	sample.sequence = sensor->sequence;
	sample.value = sensor_example_measure(sample.sequence);

	spin_lock_irqsave(&sensor->lock, flags);
	if (sensor->gone) {
		spin_unlock_irqrestore(&sensor->lock, flags);
		return;
	}
	sensor->samples[sample.sequence % SAMPLES] = sample;
	sensor->sequence++;

	high = sample.value > sensor->settings.limit;
	if (high != sensor->high) {
		sensor->high = high;
		schedule_work(&sensor->state_work);
	}
	/*
	 * A timer is never early. It counts ticks of 1 / HZ seconds, and long times coarsely:
	 * with 250 ticks a second 10 ms become 16. For an exact period take an hrtimer.
	 */
	mod_timer(timer, jiffies + msecs_to_jiffies(sensor->settings.period_ms));
	spin_unlock_irqrestore(&sensor->lock, flags);

	wake_up_interruptible_poll(&sensor->wait, EPOLLIN | EPOLLRDNORM);
}

static const char *sensor_example_state(struct sensor_example *sensor)
{
	unsigned long flags;
	bool high;

	spin_lock_irqsave(&sensor->lock, flags);
	high = sensor->high;
	spin_unlock_irqrestore(&sensor->lock, flags);
	return high ? "high" : "ok";
}

/*
 * Tells of a new state: whoever polls the attribute, and whoever listens for uevents.
 * Runs in a kworker and may sleep. If the state changes twice before it runs, it
 * tells once.
 */
static void sensor_example_state_work(struct work_struct *work)
{
	struct sensor_example *sensor = container_of(work, struct sensor_example, state_work);
	char state[16];
	char *envp[2] = { state, NULL };

	snprintf(state, sizeof(state), "STATE=%s", sensor_example_state(sensor));
	sysfs_notify(&sensor->dev.kobj, NULL, "state");
	kobject_uevent_env(&sensor->dev.kobj, KOBJ_CHANGE, envp);
}

/* The settings as they stand, both of the same moment. */
static struct sensor_example_settings sensor_example_get(struct sensor_example *sensor)
{
	struct sensor_example_settings settings;
	unsigned long flags;

	spin_lock_irqsave(&sensor->lock, flags);
	settings = sensor->settings;
	spin_unlock_irqrestore(&sensor->lock, flags);
	return settings;
}

static bool sensor_example_period_valid(u32 period_ms)
{
	return period_ms >= PERIOD_MIN && period_ms <= PERIOD_MAX;
}

/*
 * Changes the settings. The caller holds settings_mutex. So nobody changes them after the
 * caller has read them and before they are set here. A new period begins at once, if the
 * timer waits. If it does not, it has not been started yet, or its function runs
 * and will take the new period. Once the sensor is gone: ENODEV.
 */
static int sensor_example_set(struct sensor_example *sensor,
			      const struct sensor_example_settings *settings)
{
	unsigned long flags;
	int ret = 0;

	spin_lock_irqsave(&sensor->lock, flags);
	if (sensor->gone)
		ret = -ENODEV;
	else if (settings->period_ms != sensor->settings.period_ms && timer_pending(&sensor->timer))
		mod_timer(&sensor->timer, jiffies + msecs_to_jiffies(settings->period_ms));
	if (!ret)
		sensor->settings = *settings;
	spin_unlock_irqrestore(&sensor->lock, flags);
	return ret;
}

/*
 * The attributes, as in sysfs/. Their functions may sleep. cdev_device_del() waits until
 * they have returned. After that nobody calls them. So what they use exists as long
 * as they run.
 */
static ssize_t period_ms_show(struct device *dev, struct device_attribute *attr, char *buf)
{
	struct sensor_example *sensor = container_of(dev, struct sensor_example, dev);

	return sysfs_emit(buf, "%u\n", sensor_example_get(sensor).period_ms);
}

static ssize_t period_ms_store(struct device *dev, struct device_attribute *attr, const char *buf,
			       size_t count)
{
	struct sensor_example *sensor = container_of(dev, struct sensor_example, dev);
	struct sensor_example_settings settings;
	u32 period_ms;
	int ret;

	ret = kstrtou32(buf, 0, &period_ms);
	if (ret)
		return ret;
	if (!sensor_example_period_valid(period_ms))
		return -EINVAL;
	mutex_lock(&sensor->settings_mutex);
	settings = sensor_example_get(sensor);
	settings.period_ms = period_ms;
	ret = sensor_example_set(sensor, &settings);
	mutex_unlock(&sensor->settings_mutex);
	return ret ? ret : count;
}
static DEVICE_ATTR_RW(period_ms);

static ssize_t limit_show(struct device *dev, struct device_attribute *attr, char *buf)
{
	struct sensor_example *sensor = container_of(dev, struct sensor_example, dev);

	return sysfs_emit(buf, "%d\n", sensor_example_get(sensor).limit);
}

static ssize_t limit_store(struct device *dev, struct device_attribute *attr, const char *buf,
			   size_t count)
{
	struct sensor_example *sensor = container_of(dev, struct sensor_example, dev);
	struct sensor_example_settings settings;
	s32 limit;
	int ret;

	ret = kstrtos32(buf, 0, &limit);
	if (ret)
		return ret;
	mutex_lock(&sensor->settings_mutex);
	settings = sensor_example_get(sensor);
	settings.limit = limit;
	ret = sensor_example_set(sensor, &settings);
	mutex_unlock(&sensor->settings_mutex);
	return ret ? ret : count;
}
static DEVICE_ATTR_RW(limit);

static ssize_t state_show(struct device *dev, struct device_attribute *attr, char *buf)
{
	struct sensor_example *sensor = container_of(dev, struct sensor_example, dev);

	return sysfs_emit(buf, "%s\n", sensor_example_state(sensor));
}
static DEVICE_ATTR_RO(state);

static struct attribute *sensor_example_attrs[] = {
	&dev_attr_period_ms.attr,
	&dev_attr_limit.attr,
	&dev_attr_state.attr,
	NULL,
};
ATTRIBUTE_GROUPS(sensor_example);

/*
 * The node, as in cdev/, but each open file has a position of its own. The kernel calls
 * open() with a reference on the cdev, so the struct is there. The sensor may have
 * gone all the same, and may go at any time after this.
 */
static int sensor_example_open(struct inode *inode, struct file *file)
{
	struct sensor_example *sensor = container_of(inode->i_cdev, struct sensor_example, cdev);
	struct sensor_example_reader *reader;
	unsigned long flags;
	bool gone;

	reader = kzalloc(sizeof(*reader), GFP_KERNEL_ACCOUNT); /* on the program's account */
	if (!reader)
		return -ENOMEM;
	reader->sensor = sensor;
	mutex_init(&reader->position_mutex);
	spin_lock_irqsave(&sensor->lock, flags);
	reader->position = sensor->sequence; /* begins with the next sample */
	gone = sensor->gone;
	spin_unlock_irqrestore(&sensor->lock, flags);
	if (gone) {
		kfree(reader);
		return -ENODEV;
	}
	file->private_data = reader;
	return stream_open(inode, file); /* no file offset: lseek(2) fails */
}

static int sensor_example_release(struct inode *inode, struct file *file)
{
	kfree(file->private_data);
	return 0;
}

/*
 * Copies the sample that this reader has to read next, unless sample is NULL. A reader
 * that is more than SAMPLES behind goes on with the oldest. Returns 1 if there is a
 * sample, 0 if there is none yet, or -ENODEV if the sensor has gone. Takes only the spinlock, so
 * wait_event_interruptible() and poll may call it. They do not hold position_mutex,
 * hence READ_ONCE().
 */
static int sensor_example_next(struct sensor_example_reader *reader,
			       struct sensor_example_sample *sample)
{
	struct sensor_example *sensor = reader->sensor;
	u32 position = READ_ONCE(reader->position);
	unsigned long flags;
	int ret;

	spin_lock_irqsave(&sensor->lock, flags);
	if (sensor->gone)
		ret = -ENODEV;
	else
		ret = position != sensor->sequence;
	if (ret == 1 && sample) {
		if (sensor->sequence - position > SAMPLES)
			position = sensor->sequence - SAMPLES;
		*sample = sensor->samples[position % SAMPLES];
	}
	spin_unlock_irqrestore(&sensor->lock, flags);
	return ret;
}

/*
 * Waits for a sample, then reads all whole samples that are there and fit. The position
 * moves on only after the copy: a sample for a bad pointer is read again the next time.
 * Sleeping and copying to user space may not happen under a spinlock, so each
 * sample is first copied to the stack, where 16 bytes are nothing.
 */
static ssize_t sensor_example_read(struct kiocb *iocb, struct iov_iter *to)
{
	struct sensor_example_reader *reader = iocb->ki_filp->private_data;
	struct sensor_example_sample sample;
	ssize_t done = 0;
	int ret;

	if (iov_iter_count(to) < sizeof(sample))
		return -EINVAL;
	if (mutex_lock_interruptible(&reader->position_mutex))
		return -ERESTARTSYS;
	while ((ret = sensor_example_next(reader, &sample)) == 0) {
		mutex_unlock(&reader->position_mutex);
		/* IOCB_NOWAIT: io_uring and the like ask not to wait, as in cdev/ */
		if ((iocb->ki_filp->f_flags & O_NONBLOCK) || (iocb->ki_flags & IOCB_NOWAIT))
			return -EAGAIN;
		if (wait_event_interruptible(reader->sensor->wait,
					     sensor_example_next(reader, NULL)))
			return -ERESTARTSYS;
		if (mutex_lock_interruptible(&reader->position_mutex))
			return -ERESTARTSYS;
	}
	while (ret == 1) {
		if (copy_to_iter(&sample, sizeof(sample), to) != sizeof(sample)) {
			ret = -EFAULT;
			break;
		}
		done += sizeof(sample);
		WRITE_ONCE(reader->position, sample.sequence + 1);
		if (iov_iter_count(to) < sizeof(sample))
			break;
		ret = sensor_example_next(reader, &sample);
	}
	mutex_unlock(&reader->position_mutex);
	return done ? done : ret;
}

static __poll_t sensor_example_poll(struct file *file, poll_table *wait)
{
	struct sensor_example_reader *reader = file->private_data;
	int ret;

	poll_wait(file, &reader->sensor->wait, wait);
	ret = sensor_example_next(reader, NULL);
	if (ret < 0)
		return EPOLLHUP;
	return ret ? EPOLLIN | EPOLLRDNORM : 0;
}

/*
 * Both settings at once, as in ioctl/. The old ones are copied to the program before the new
 * ones are set, so if the copy fails nothing has changed. The mutex is not held over the
 * copy, which a program can delay as long as it likes. The attributes would wait for the
 * mutex, and unbinding for the attributes: so a program could stop an unbinding.
 */
static long sensor_example_ioctl(struct file *file, unsigned int cmd, unsigned long arg)
{
	struct sensor_example_reader *reader = file->private_data;
	struct sensor_example *sensor = reader->sensor;
	struct sensor_example_settings __user *argp = (void __user *)arg;
	struct sensor_example_settings old, now, new;
	int ret;

	if (cmd != SENSOR_EXAMPLE_EXCHANGE)
		return -ENOTTY;
	if (copy_from_user(&new, argp, sizeof(new)))
		return -EFAULT;
	if (!sensor_example_period_valid(new.period_ms))
		return -EINVAL;
	for (;;) {
		old = sensor_example_get(sensor);
		if (copy_to_user(argp, &old, sizeof(old)))
			return -EFAULT;
		mutex_lock(&sensor->settings_mutex);
		now = sensor_example_get(sensor);
		if (!memcmp(&now, &old, sizeof(now)))
			break;
		mutex_unlock(&sensor->settings_mutex); /* changed meanwhile: copy again */
	}
	ret = sensor_example_set(sensor, &new);
	mutex_unlock(&sensor->settings_mutex);
	return ret;
}

static const struct file_operations sensor_example_fops = {
	.owner = THIS_MODULE, /* an open file prevents rmmod, but not unbinding */
	.open = sensor_example_open,
	.release = sensor_example_release,
	.read_iter = sensor_example_read,
	.poll = sensor_example_poll,
	.unlocked_ioctl = sensor_example_ioctl,
	.compat_ioctl = compat_ptr_ioctl, /* 32-bit programs: same struct, shorter pointer */
};

/* Runs when the last user of the device is done, which may be long after unbinding. */
static void sensor_example_free(struct device *dev)
{
	struct sensor_example *sensor = container_of(dev, struct sensor_example, dev);

	ida_free(&sensor_example_minors, MINOR(dev->devt));
	kfree(sensor);
}

/* A put_device() for devm: it drops the first reference, that of device_initialize(). */
static void sensor_example_put(void *data)
{
	put_device(data);
}

/*
 * Ends all that the sensor does by itself. First it sets gone, so that the timer does not
 * start again. Then it stops timer and work, and waits if they are just running.
 * Then it wakes everybody who waits.
 */
static void sensor_example_stop(struct sensor_example *sensor)
{
	unsigned long flags;

	spin_lock_irqsave(&sensor->lock, flags);
	sensor->gone = true;
	spin_unlock_irqrestore(&sensor->lock, flags);
	timer_delete_sync(&sensor->timer);
	cancel_work_sync(&sensor->state_work);
	wake_up_interruptible_poll(&sensor->wait, EPOLLHUP);
}

/*
 * Takes the sensor away from the programs. The attributes and the node go last, because
 * the work uses them. Files that are open stay open, and keep the struct: all that
 * they get is ENODEV and EPOLLHUP.
 */
static void sensor_example_unplug(void *data)
{
	struct sensor_example *sensor = data;

	sensor_example_stop(sensor);
	cdev_device_del(&sensor->cdev, &sensor->dev);
}

static struct class sensor_example_class = { .name = "sensor_example" };

/*
 * Runs for each sensor that the bus finds, and again when somebody writes its name to the
 * driver's file bind. What the struct needs must be there before cdev_device_add(): it makes
 * attributes and node, and then tells udev. So the attributes are in dev.groups: udev finds
 * them there at once.
 *
 * devm_kzalloc() would be wrong for the struct: devm frees at unbinding, while a
 * program may still have the device open. devm is right for what must happen at
 * unbinding. devm_add_action_or_reset() registers a function for it, or calls it at
 * once if that fails. devm calls them in the reverse order. A .remove function
 * could do the same, but its type changed in Linux 6.11.
 */
static int sensor_example_probe(struct platform_device *pdev)
{
	struct sensor_example *sensor;
	int minor, ret;

	sensor = kzalloc(sizeof(*sensor), GFP_KERNEL);
	if (!sensor)
		return -ENOMEM;
	minor = ida_alloc_max(&sensor_example_minors, MINORS - 1, GFP_KERNEL);
	if (minor < 0) {
		kfree(sensor);
		return minor;
	}
	/* From here on the struct belongs to the device: put_device() frees it, not kfree(). */
	device_initialize(&sensor->dev);
	sensor->dev.parent = &pdev->dev;
	sensor->dev.class = &sensor_example_class;
	sensor->dev.devt = sensor_example_devt + minor;
	sensor->dev.groups = sensor_example_groups;
	sensor->dev.release = sensor_example_free;
	ret = devm_add_action_or_reset(&pdev->dev, sensor_example_put, &sensor->dev);
	if (ret)
		return ret;
	ret = dev_set_name(&sensor->dev, "sensor_example%d", pdev->id);
	if (ret)
		return ret;

	cdev_init(&sensor->cdev, &sensor_example_fops);
	sensor->cdev.owner = THIS_MODULE;
	init_waitqueue_head(&sensor->wait);
	timer_setup(&sensor->timer, sensor_example_timer, 0);
	INIT_WORK(&sensor->state_work, sensor_example_state_work);
	mutex_init(&sensor->settings_mutex);
	spin_lock_init(&sensor->lock);
	sensor->settings.period_ms = 100;
	sensor->settings.limit = 40;

	ret = cdev_device_add(&sensor->cdev, &sensor->dev);
	if (ret) {
		/* The node may have worked for a moment: programs may have come in, and wait. */
		sensor_example_stop(sensor);
		return ret;
	}
	mod_timer(&sensor->timer, jiffies + msecs_to_jiffies(sensor_example_get(sensor).period_ms));
	return devm_add_action_or_reset(&pdev->dev, sensor_example_unplug, sensor);
}

static struct platform_driver sensor_example_driver = {
	.probe = sensor_example_probe,
	.driver = { .name = "sensor_example" },
};

static unsigned int sensors = 2;

/* An error from here fails the load, and the kernel logs which value was refused. */
static int sensor_example_sensors_set(const char *val, const struct kernel_param *kp)
{
	return param_set_uint_minmax(val, kp, 1, DEVICES_MAX);
}

static const struct kernel_param_ops sensor_example_sensors_ops = {
	.set = sensor_example_sensors_set,
	.get = param_get_uint,
};
module_param_cb(sensors, &sensor_example_sensors_ops, &sensors, 0444);
MODULE_PARM_DESC(sensors, "how many sensors, 1 to 4, 2 by default");

/* Our simulated hardware. In your driver the bus finds it: see MODULE_DEVICE_TABLE(). */
static struct platform_device *sensor_example_devices[DEVICES_MAX];

/*
 * Registers the driver first, because that can fail. Once a sensor is probed, programs can
 * get in. Then init must not fail any more: the kernel would free the code that they are
 * running. So if one of several sensors cannot be made, the load goes on
 * without it, as it would with hardware that is not there.
 */
static int __init sensor_example_init(void)
{
	struct platform_device *device;
	unsigned int i;
	int ret;

	ret = alloc_chrdev_region(&sensor_example_devt, 0, MINORS, "sensor_example");
	if (ret)
		return ret;
	ret = class_register(&sensor_example_class);
	if (ret)
		goto unregister_numbers;
	ret = platform_driver_register(&sensor_example_driver);
	if (ret)
		goto unregister_class;
	for (i = 0; i < sensors; i++) {
		device = platform_device_register_simple("sensor_example", i, NULL, 0);
		if (IS_ERR(device))
			pr_err("sensor_example.%u cannot be made: %ld\n", i, PTR_ERR(device));
		else
			sensor_example_devices[i] = device;
	}
	return 0;

unregister_class:
	class_unregister(&sensor_example_class);
unregister_numbers:
	unregister_chrdev_region(sensor_example_devt, MINORS);
	return ret;
}

static void __exit sensor_example_exit(void)
{
	unsigned int i;

	for (i = 0; i < sensors; i++)
		platform_device_unregister(sensor_example_devices[i]); /* NULL is fine */
	platform_driver_unregister(&sensor_example_driver);
	class_unregister(&sensor_example_class);
	unregister_chrdev_region(sensor_example_devt, MINORS);
}

module_init(sensor_example_init);
module_exit(sensor_example_exit);

MODULE_DESCRIPTION("A driver for simulated sensors: samples, settings, events");
MODULE_LICENSE("GPL");
